"""OpenTelemetry collectors: whether what comes in goes out again, also under load.

Severities: a collector without a limit of memory ends just when there is most to tell, and metrics that lead nowhere are lost: medium. The
order of processors and names that nobody asks for are low.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.opentelemetry import OpenTelemetryCollector
from seatrial.kit import yaml
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_UNREAD = "its configuration cannot be read"
_NOWHERE = ("debug", "logging", "nop")
_READ = 200_000  # characters of one configuration that are looked at
# What is passed on as GenAI conventions, and what stands in them.
_WRONG = {
    "gen_ai.server.ttft": "gen_ai.server.time_to_first_token",
    "gen_ai.server.tpot": "gen_ai.server.time_per_output_token",
    "gen_ai.server.tps": "gen_ai.client.token.usage",
    "gen_ai.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    "gen_ai.usage.completion_tokens": "gen_ai.usage.output_tokens",
}

Config = Mapping[str, Any]


@check("collectors.memory-is-limited", severity=Severity.MEDIUM)
def memory_is_limited(collector: OpenTelemetryCollector) -> Verdict:
    """Every pipeline of a collector begins with a memory limiter.

    Why: when its target is slow, a collector keeps what it cannot send. It is killed in the middle of a burst, with all that it had.
    Fix: configure the processor `memory_limiter`, and put it first in each `service.pipelines.*.processors`.
    """
    pipelines = _pipelines(collector)
    if pipelines is None:
        return unknown(_UNREAD)
    bad = [
        name for name, one in pipelines.items() if _kind(next(iter(_names(one, "processors")), "")) != "memory_limiter"
    ]
    if not pipelines:
        return not_applicable("it has no pipelines")
    return failed(f"{some(bad)} does not begin with one") if bad else passed(f"{some(pipelines)} begins with one")


@check("collectors.batches-follow-the-limiter", severity=Severity.LOW)
def batches_follow_the_limiter(collector: OpenTelemetryCollector) -> Verdict:
    """Where a pipeline makes batches, it does so after its memory limiter and after what drops or samples.

    Why: in front of the limiter a batch is memory that nobody limits; in front of a sampler, parts of one trace are sent apart.
    Fix: order processors as memory_limiter, those that drop or sample, and `batch` last.
    """
    pipelines = _pipelines(collector)
    if pipelines is None:
        return unknown(_UNREAD)
    orders = {name: [_kind(one) for one in _names(pipeline, "processors")] for name, pipeline in pipelines.items()}
    batching = {name: order for name, order in orders.items() if "batch" in order}
    if not batching:
        return not_applicable("it makes no batches")
    bad = [
        name for name, order in batching.items() if any(_goes_first(one) for one in order[order.index("batch") + 1 :])
    ]
    return failed(f"too early in {some(bad)}") if bad else passed(f"in {some(batching)} they come where they should")


@check("collectors.metrics-lead-somewhere", severity=Severity.MEDIUM)
def metrics_lead_somewhere(collector: OpenTelemetryCollector) -> Verdict:
    """What a collector gets of metrics reaches a place where it can be asked for.

    Why: `debug` writes them to a log. Services seem to be watched, and no alert ever has a number.
    Fix: add `prometheus`, `prometheusremotewrite` or `otlphttp` to `service.pipelines.metrics.exporters`.
    """
    pipelines = _pipelines(collector)
    if pipelines is None:
        return unknown(_UNREAD)
    metrics = {name: _names(one, "exporters") for name, one in pipelines.items() if _kind(name) == "metrics"}
    if not metrics:
        return not_applicable("it has no pipeline of metrics")
    bad = [name for name, exporters in metrics.items() if all(_kind(one) in _NOWHERE for one in exporters)]
    reached = {_kind(one) for exporters in metrics.values() for one in exporters} - set(_NOWHERE)
    return failed(f"{some(bad)} leads nowhere") if bad else passed(f"they reach {some(reached)}")


@check("collectors.names-are-those-of-the-conventions", severity=Severity.LOW)
def names_are_those_of_the_conventions(collector: OpenTelemetryCollector) -> Verdict:
    """A collector that is told of GenAI metrics is told their names.

    Why: a filter or a rule for `gen_ai.server.ttft` fits nothing. The conventions call it `gen_ai.server.time_to_first_token`; they are
    still in development, so that names may change.
    Fix: use the names of open-telemetry/semantic-conventions-genai.
    """
    pipelines = _pipelines(collector)
    if pipelines is None:
        return unknown(_UNREAD)
    text = str(collector.spec.config)[:_READ]
    if "gen_ai." not in text:
        return not_applicable("it is told of none")
    wrong = [
        f"{name} (now {right})" for name, right in _WRONG.items() if re.search(rf"{re.escape(name)}(?![a-z_.])", text)
    ]
    return failed(f"it is told of {some(wrong)}") if wrong else passed("none of them is known to be wrong")


def _pipelines(collector: OpenTelemetryCollector) -> dict[str, Config] | None:
    config = _config(collector)
    service = config.get("service") if config is not None else None
    pipelines = service.get("pipelines") if isinstance(service, dict) else None
    if not isinstance(pipelines, dict):
        return None
    return {str(name): one for name, one in pipelines.items() if isinstance(one, dict)}


def _config(collector: OpenTelemetryCollector) -> Config | None:
    """An object since v1beta1, and a text before."""
    config = collector.spec.config
    if isinstance(config, dict):
        return config
    try:
        found = [one.value for one in yaml.documents(config[:_READ], name=collector.subject)]
    except yaml.YamlError:
        return None
    return found[0] if len(found) == 1 and isinstance(found[0], dict) else None


def _names(pipeline: Config, part: str) -> list[str]:
    return list(_strings(pipeline.get(part)))


def _strings(value: Any) -> Iterator[str]:
    yield from (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _kind(name: str) -> str:
    """``batch/large`` is a batch."""
    return name.partition("/")[0]


def _goes_first(kind: str) -> bool:
    return kind in ("memory_limiter", "filter") or kind.endswith(("sampler", "sampling"))
