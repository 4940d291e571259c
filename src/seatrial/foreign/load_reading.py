"""Results of other load generators, told apart by what is in them."""

from __future__ import annotations

import msgspec

from seatrial.foreign import load_guidellm, load_inference_perf
from seatrial.foreign.load_summary import Found
from seatrial.model.errors import UsageError
from seatrial.model.load import Open
from seatrial.model.load_result import LoadResult, SeriesKind

_WAY_OUT = "name summary_lifecycle_metrics.json of inference-perf, or benchmarks.json of guidellm"


class _Head(msgspec.Struct):
    load_summary: msgspec.Raw = msgspec.Raw()
    successes: msgspec.Raw = msgspec.Raw()
    benchmarks: msgspec.Raw = msgspec.Raw()
    metadata: msgspec.Raw = msgspec.Raw()

    @property
    def inference_perf(self) -> bool:
        return bool(bytes(self.load_summary) and bytes(self.successes))

    @property
    def guidellm(self) -> bool:
        return bool(bytes(self.benchmarks) and bytes(self.metadata))


def is_known(data: bytes) -> bool:
    head = _head(data)
    return head is not None and (head.inference_perf or head.guidellm)


def read(data: bytes, *, file: str) -> tuple[Found, ...]:
    head = _head(data)
    try:
        if head is not None and head.inference_perf:
            report = msgspec.json.decode(data, type=load_inference_perf.Report)
            return (Found(result=load_inference_perf.result(report)),)
        return (*load_guidellm.results(msgspec.json.decode(data, type=load_guidellm.Report)),)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file} is not as its tool writes it: {error}", way_out=_WAY_OUT) from error


def kind_of(results: tuple[LoadResult, ...]) -> SeriesKind:
    """Several loads at the same rate are repeats."""
    rates = {
        one.plan.arrivals.phases[0].rate if isinstance(one.plan.arrivals, Open) and one.plan.arrivals.phases else None
        for one in results
    }
    return SeriesKind.REPEATS if len(rates) == 1 and None not in rates else SeriesKind.SWEEP


def _head(data: bytes) -> _Head | None:
    try:
        return msgspec.json.decode(data, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
