"""What a monitoring system answers: whatever it is, it becomes series or a gap, and the checks of it judge or say why not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from seatrial.cluster import prometheus
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import Unreachable
from seatrial.model.fact import Apis, ClusterIdentity, Series, Snapshot
from tests.fuzz.judging import KINDS, broken
from tests.fuzz.shapes import anything, damaged, words

SERIES = [kind for kind in KINDS.values() if issubclass(kind, Series)]
GOOD = {
    "status": "success",
    "data": {
        "resultType": "vector",
        "result": [
            {
                "metric": {"__name__": "m", "Hostname": "n1", "gpu": "0", "namespace": "a", "pod": "x"},
                "value": [1.5, "0.5"],
            }
        ],
    },
}
values = st.sampled_from(("1", "0", "-1", "NaN", "+Inf", "-Inf", "1e999", "", "x"))
samples = st.fixed_dictionaries(
    {"metric": st.dictionaries(words, words, max_size=3), "value": st.tuples(st.floats(0, 1e12), values)}
)
answers = (
    st.builds(
        lambda result: json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}),
        st.lists(samples, max_size=3),
    )
    | damaged(json.dumps(GOOD).encode()).map(lambda data: data.decode(errors="replace"))
    | st.builds(json.dumps, anything)
    | st.text(max_size=30)
    | st.just("[" * 100_000)
)


@given(answers, st.booleans())
def test_every_answer_is_series_or_a_gap_and_is_judged(answer: str, fails: bool) -> None:
    async def ask(path: str, query: Mapping[str, str]) -> str:
        if fails:
            raise Unreachable("nobody is there")
        return answer

    series, gaps = asyncio.run(prometheus.read(SERIES, ask))
    assert set(series).isdisjoint(gaps)
    assert {*series, *gaps} == {kind.of for kind in SERIES}
    facts = dict.fromkeys(KINDS, ()) | series
    assert (
        broken(Snapshot(FakeClock().now(), ClusterIdentity(), Apis(), facts, gaps), [kind.of for kind in SERIES]) == []
    )
