import datetime as dt
import json

import msgspec
import pytest

from seatrial.model.standard import Level
from seatrial.submission import plan as planning
from seatrial.submission.document import compose
from seatrial.submission.plan import Change
from seatrial.submission.product import read
from tests.unit.submission.samples import BEFORE, PRODUCT, TEXTS, standard

EARLIER = standard("1.36", {id: text for id, text in BEFORE.items() if id != "gpu_sharing"})
LATER = standard("1.37", TEXTS)


def steps(plan: planning.Plan) -> dict[str, planning.Step]:
    return {step.id: step for step in plan.steps}


def test_what_changes() -> None:
    found = {id: step.change for id, step in steps(planning.plan(EARLIER, LATER)).items()}
    assert found == {
        "gang_scheduling": Change.SAME,
        "cluster_autoscaling": Change.SAME,
        "ai_inference": Change.REWORDED,
        "gpu_sharing": Change.NEW,
        "old_thing": Change.DROPPED,
    }


def test_levels() -> None:
    must = tuple(
        msgspec.structs.replace(one, level=Level.MUST) if one.id == "gpu_sharing" else one for one in LATER.requirements
    )
    strict = msgspec.structs.replace(LATER, requirements=must)
    assert steps(planning.plan(LATER, strict))["gpu_sharing"].change is Change.RAISED
    assert steps(planning.plan(strict, LATER))["gpu_sharing"].change is Change.LOWERED


def test_what_the_product_has_to_do() -> None:
    plan = planning.plan(EARLIER, LATER, read(compose(PRODUCT.encode())))
    assert plan.platform == "Encabulator"
    gang, auto = steps(plan)["gang_scheduling"], steps(plan)["cluster_autoscaling"]
    assert (gang.status, gang.links, gang.files, gang.proven_by) == ("Implemented", 0, 1, ("gang.starts-whole",))
    assert "prove it: seatrial prove --standard cncf-ai@1.37 --only gang_scheduling" in gang.todo
    assert "make its files anew on 1.37" in gang.todo
    assert "it is a MUST and N/A so far" in auto.todo


@pytest.mark.parametrize(("day", "until"), [("2026-03-01", "2027-03-01"), ("2028-02-29", "2029-03-01")])
def test_a_certification_lasts_a_year(day: str, until: str) -> None:
    plan = planning.plan(EARLIER, LATER, certified=dt.date.fromisoformat(day))
    assert plan.valid_until == dt.date.fromisoformat(until)
    assert f"it ends on {until}" in planning.text(plan)


def test_faces() -> None:
    plan = planning.plan(EARLIER, LATER)
    text = planning.text(plan)
    assert "new (1)\n  gpu_sharing (SHOULD, accelerators)" in text
    assert "dropped (1)\n  old_thing" in text
    assert "within 30 days" in text
    assert json.loads(planning.as_json(plan))["steps"][0]["change"] == "same"
