"""The server's own metrics, read about once a second on the time axis of the run.

Series of one name are added up where they count something, and averaged where they are shares. The process that asks
is not one that sends.
"""

from __future__ import annotations

import http.client
import time
from collections import Counter, defaultdict
from urllib.parse import SplitResult

from seatrial.kit.exposition import series
from seatrial.measure.prompts import address
from seatrial.model.load_result import ServerSample

_EVERY = 1.0
_TIMEOUT = 2.0
_MOST = 16 << 20
_SUMS = (
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:generation_tokens_total",
    "vllm:prompt_tokens_total",
    "vllm:num_preemptions_total",
    "vllm:prefix_cache_hits_total",
    "vllm:prefix_cache_queries_total",
    "vllm:time_to_first_token_seconds_sum",
    "vllm:time_to_first_token_seconds_count",
    "vllm:request_queue_time_seconds_sum",
    "vllm:request_queue_time_seconds_count",
    "sglang:num_running_reqs",
    "sglang:num_queue_reqs",
    "sglang:generation_tokens_total",
    "sglang:prompt_tokens_total",
    "sglang:time_to_first_token_seconds_sum",
    "sglang:time_to_first_token_seconds_count",
    "trtllm_time_to_first_token_seconds_sum",
    "trtllm_time_to_first_token_seconds_count",
    "inference_pool_ready_pods",
    "DCGM_FI_DEV_FB_USED",
    "gpu_used_vram",
)
_MEANS = (
    "vllm:kv_cache_usage_perc",
    "sglang:token_usage",
    "trtllm_kv_cache_utilization",
    "inference_pool_average_kv_cache_utilization",
    "inference_pool_average_queue_size",
    "DCGM_FI_DEV_GPU_UTIL",
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
    "gpu_gfx_activity",
)
NAMES = frozenset((*_SUMS, *_MEANS))


class Scraper:
    """``turn`` asks when it is time to; what does not answer leaves a gap, and is counted."""

    def __init__(self, urls: tuple[str, ...], every: float = _EVERY) -> None:
        self._places = [address(url) for url in urls]
        self._every = every
        self._next = 0.0
        self.begun = time.monotonic()  # 0 on the axis of the samples
        self._samples: list[ServerSample] = []
        self._turns = 0
        self._missed: Counter[str] = Counter()

    def turn(self) -> None:
        now = time.monotonic()
        if not self._places or now < self._next:
            return
        self._next = now + self._every
        found: defaultdict[str, list[float]] = defaultdict(list)
        self._turns += 1
        for place in self._places:
            told = _asked(place)
            self._missed[place.geturl()] += not told
            for name, value in told:
                found[name].append(value)
        if not found:
            return
        values = {name: sum(many) / (len(many) if name in _MEANS else 1) for name, many in sorted(found.items())}
        self._samples.append(ServerSample(round(now - self.begun, 3), values))
        if len(self._samples) > 7200:  # a long run needs no point for each second
            self._samples = self._samples[::2]
            self._every *= 2

    def gaps(self) -> tuple[str, ...]:
        """Which addresses told nothing that is known here, and how often."""
        return tuple(
            f"{url} told no known metric {count} of {self._turns} times" for url, count in self._missed.items() if count
        )

    @property
    def samples(self) -> tuple[ServerSample, ...]:
        return tuple(self._samples)


def _asked(place: SplitResult) -> list[tuple[str, float]]:
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", place.path or "/metrics")
        answer = connection.getresponse()
        text = answer.read(_MOST).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return []  # a gap, of which is told
    finally:
        connection.close()
    return [(one.name, one.value) for one in series(text, NAMES)] if answer.status == 200 else []
