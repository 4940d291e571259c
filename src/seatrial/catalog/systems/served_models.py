"""What a monitoring system has of model servers: how long the first token took, how many tokens came, how full their caches are.

vLLM, SGLang, TensorRT-LLM and NIM tell it themselves; instrumented services tell it under the names of OpenTelemetry's
semantic conventions, as an exporter for Prometheus spells them.
"""

from __future__ import annotations

from seatrial.model.fact import Series, Track

_FIRST_TOKEN = (
    "vllm:time_to_first_token_seconds",
    "sglang:time_to_first_token_seconds",
    "trtllm_time_to_first_token_seconds",
    "time_to_first_token_seconds",
    "gen_ai_server_time_to_first_token_seconds",
)
_TOKENS = (
    "vllm:generation_tokens_total",
    "sglang:generation_tokens_total",
    "trtllm_generation_tokens_total",
    "num_generation_tokens_total",
)
_CACHES = ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage", "trtllm_kv_cache_utilization")
BY = ("namespace", "model_name")
_BY = ", ".join(BY)


def _of_each(names: tuple[str, ...], template: str) -> str:
    """One question for each name; the name is kept as a label, as sums and rates lose it."""
    return " or ".join(f'label_replace({template.format(name=name)}, "metric", "{name}", "", "")' for name in names)


class FirstTokens(Series, frozen=True):
    """How many first tokens came within `le` seconds, of those of a while."""

    of = "metrics/first-tokens"
    query = _of_each(_FIRST_TOKEN, f"sum by (le, {_BY}) (increase({{name}}_bucket[$window]))")


class TokenRate(Series, frozen=True):
    """Tokens that were written in a second, on average of a while."""

    of = "metrics/token-rate"
    query = _of_each(_TOKENS, f"sum by ({_BY}) (rate({{name}}[$window]))")


class TokensSeen(Series, frozen=True):
    """For how many seconds of that while there are numbers."""

    of = "metrics/tokens-seen"
    query = _of_each(_TOKENS, f"time() - min by ({_BY}) (min_over_time(timestamp({{name}})[$window:$step]))")


class CacheTrack(Track, frozen=True):
    """How full the key-value cache of a server was, from 0 to 1."""

    of = "metrics/cache-use-over-time"
    query = f'{{__name__=~"{"|".join(_CACHES)}"}}[$window]'
