"""A Diagnosis on its faces: 80 columns, one file without scripts, and nothing in it that a cluster could use against a reader."""

from __future__ import annotations

import re

import msgspec

from seatrial.app.broken import standing
from seatrial.app.diagnose import exit_code, render
from seatrial.model.fact import ClusterIdentity
from seatrial.model.run import Environment, EnvironmentKind
from seatrial.model.verdict import Severity
from seatrial.model.wait import Broken, Diagnosis, Near, Standing
from tests.unit.catalog.waits.scene import NOW, gang, node, pod, seen

EVIL = "<script>alert(1)</script>\x1b[2J\u202e"


def diagnosis(*given: object, simulated: bool = True) -> Diagnosis:
    found = seen(*given)  # type: ignore[arg-type]
    return Diagnosis(
        seatrial="0",
        command="diagnose",
        taken_at=NOW,
        environment=Environment(kind=EnvironmentKind.LAB, simulated=simulated, cluster=ClusterIdentity(), name="x"),
        **{name: getattr(found, name) for name in found.__struct_fields__},
    )


def deadlock() -> Diagnosis:
    return diagnosis(node("n1"), *gang("one", 6, ["n1"] * 4), *gang("two", 6, ["n1"] * 4))


def test_the_text_fits_80_columns_and_says_it_all() -> None:
    text = render(deadlock(), "text")
    assert max(map(len, text.splitlines())) <= 80
    for word in (
        "STUCK",
        "deadlock",
        "circle:",
        "the smallest set there is",
        "kubectl -n team delete pod",
        "prevent:",
        "simulated",
    ):
        assert word in text


def test_the_page_draws_the_circle_and_runs_no_script() -> None:
    page = render(deadlock(), "html")
    assert page.count('class="circle"') == 2
    assert "<script" not in page
    assert re.search(r"default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'", page)


def failing(**words: str) -> Diagnosis:
    near = (Near(words.get("near", "policies/a"), "an admission policy that refuses pods where proofs run"),)
    one = Broken(
        check="gang.starts", subject="kueue", severity=Severity.HIGH, because=words.get("because", "half"), near=near
    )
    stands, headline = standing(Standing.FLOWS, "nothing waits", (one, one))
    return msgspec.structs.replace(diagnosis(), broken=(one, one), standing=stands, headline=headline)


def test_what_is_broken_is_told_where_nothing_waits_for_it() -> None:
    found = failing()
    assert (found.standing, exit_code(found)) == (Standing.BROKEN, 1)
    text = render(found, "text")
    assert text.startswith("BROKEN nothing waits; found broken: gang.starts of kueue, and 1 more")
    assert "look at: policies/a: an admission policy that refuses pods" in text
    page = render(found, "html")
    assert page.count('<article class="topic" data-standing="fail">') == 2
    assert "<bdi>policies/a</bdi>: an admission policy that refuses pods" in page
    assert msgspec.json.decode(render(found, "json"), type=Diagnosis) == found
    stuck = standing(Standing.STUCK, "3 pods wait", found.broken)
    assert stuck == (Standing.STUCK, "3 pods wait")  # what waits goes first


def test_the_json_is_a_diagnosis_again() -> None:
    found = deadlock()
    assert msgspec.json.decode(render(found, "json"), type=Diagnosis) == found


def test_hostile_words_of_a_run_stay_text_on_every_face() -> None:
    found = failing(because=EVIL, near=EVIL)
    assert not set("\x1b\u202e") & set(render(found, "text"))
    page = render(found, "html")
    assert "<script" not in page
    assert not set("\x1b\u202e") & set(page)


def test_hostile_names_stay_text_on_every_face() -> None:
    found = diagnosis(node("n1"), pod(EVIL, nodeSelector={EVIL: EVIL}))
    for face in ("text", "html", "json"):
        shown = render(found, face)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert face != "html" or "<script" not in shown


def test_the_exit_code_is_the_standing() -> None:
    codes = {Standing.FLOWS: 0, Standing.STUCK: 1, Standing.BADLY: 1, Standing.BROKEN: 1, Standing.UNKNOWN: 3}
    for stands, code in codes.items():
        assert exit_code(msgspec.structs.replace(deadlock(), standing=stands)) == code


def test_where_nothing_waits_the_text_says_so() -> None:
    assert render(diagnosis(node("n1")), "text").startswith("FLOWS nothing waits")
