"""The folder of fixes: two steps for each, stable to the byte, and nobody's names for paths."""

from __future__ import annotations

import json

import msgspec
import pytest

from seatrial.bundle.chosen import Chosen
from seatrial.bundle.hardening import INDEX, files
from seatrial.kit import yaml
from seatrial.model.fact import Obj
from seatrial.model.remedy import Fate, Fix, Hit, Impact, Remedy
from seatrial.model.verdict import Finding, Outcome, Severity

HOSTILE = "../../etc\n# <script>alert(1)</script> `rm` [x](http://evil)"


def obj(kind: str, name: str, **spec: object) -> Obj:
    return {"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def finding(subject: str = "namespaces/a") -> Finding:
    return Finding(
        check="quotas.claims-are-counted",
        subject=subject,
        outcome=Outcome.FAIL,
        severity=Severity.HIGH,
        because="none",
    )


def chosen(
    fix: Fix, id: str = "walls", *, findings: tuple[Finding, ...] = (finding(),), refuses: bool = False
) -> Chosen:
    remedy = Remedy(
        id=id,
        title="Walls stand",
        why="Without walls.",
        effect="There are walls.",
        cures=("quotas.claims-are-counted",),
        refuses=refuses,
        render=lambda snapshot, findings: fix,
    )
    return Chosen(remedy, findings, fix)


PAIR = Fix(
    base=(obj("Policy", "p", expression="a\n&& b"),),
    audit=(obj("Binding", "p", actions=["Warn"]),),
    enforce=(obj("Binding", "p", actions=["Deny"]),),
)
ONE_STEP = Fix(enforce=(obj("Quota", "q"), obj("Quota", "r")))


def documents(data: bytes) -> list[Obj]:
    return [document.value for document in yaml.documents(data, name="test")]


def test_both_steps_stand_on_one_base() -> None:
    made = files([chosen(PAIR)], of="a lab")
    assert documents(made["walls/base/policy.yaml"]) == list(PAIR.base)
    assert documents(made["walls/audit/binding.yaml"]) == list(PAIR.audit)
    assert documents(made["walls/enforce/binding.yaml"]) == list(PAIR.enforce)
    for step in ("audit", "enforce"):
        (kustomization,) = documents(made[f"walls/{step}/kustomization.yaml"])
        assert kustomization["resources"] == ["../base", "binding.yaml"]
    assert b"expression: |-\n    a\n    && b\n" in made["walls/base/policy.yaml"]


def test_what_cannot_only_tell_has_no_audit_step() -> None:
    made = files([chosen(PAIR), chosen(ONE_STEP, "bounds")], of="a lab")
    assert documents(made["audit/kustomization.yaml"])[0]["resources"] == ["../walls/audit"]
    assert documents(made["enforce/kustomization.yaml"])[0]["resources"] == ["../walls/enforce", "../bounds/enforce"]
    assert not [name for name in made if name.startswith(("bounds/audit", "bounds/base"))]
    assert documents(made["bounds/enforce/quota.yaml"]) == list(ONE_STEP.enforce)
    assert "audit/kustomization.yaml" not in files([chosen(ONE_STEP)], of="a lab")


def test_a_file_that_is_no_object_lies_beside_and_is_for_no_step() -> None:
    made = files([chosen(Fix(beside={"rules.yaml": obj("Rules", "r")}))], of="a lab")
    assert set(made) == {"README.md", "remedies.json", "walls/README.md", "walls/rules.yaml"}
    assert b"`rules.yaml`: by hand" in made["walls/README.md"]
    assert b"| by hand |" in made["README.md"]


def test_every_kustomization_names_what_is_there_and_nothing_else() -> None:
    made = files([chosen(PAIR), chosen(ONE_STEP, "bounds")], of="a lab")
    for name, data in made.items():
        folder, _, file = name.rpartition("/")
        if file != "kustomization.yaml":
            continue
        for resource in documents(data)[0]["resources"]:
            if resource.startswith("../"):
                above = "/".join((*folder.split("/")[:-1], resource.removeprefix("../"))).strip("/")
                assert f"{above}/kustomization.yaml" in made
            else:
                assert f"{folder}/{resource}" in made


def test_the_same_objects_give_the_same_bytes() -> None:
    one = files([chosen(PAIR), chosen(ONE_STEP, "bounds")], of="a lab")
    assert one == files([chosen(PAIR), chosen(ONE_STEP, "bounds")], of="a lab")
    assert list(one) == sorted(one)


def test_names_from_a_cluster_are_no_paths_and_no_markup() -> None:
    hostile = Fix(enforce=(obj("Quota", HOSTILE),))
    made = files([chosen(hostile, findings=(finding(f"namespaces/{HOSTILE}"),))], of=HOSTILE)
    assert all(".." not in name and "\n" not in name for name in made)
    assert documents(made["walls/enforce/quota.yaml"]) == list(hostile.enforce)
    for page in ("README.md", "walls/README.md"):
        text = made[page].decode()
        assert "<script" not in text
        assert "](http://" not in text


def test_one_object_twice_is_written_out_twice() -> None:
    labels = {"a": "b"}
    made = files([chosen(Fix(enforce=(obj("Quota", "q", one=labels, two=labels),)))], of="a lab")
    assert b"&id" not in made["walls/enforce/quota.yaml"]


@pytest.mark.parametrize(
    ("fix", "refuses", "told"),
    [
        (PAIR, True, "these would be refused, as far as the checks tell"),
        (PAIR, False, "the audit step tells"),
        (ONE_STEP, False, "None of what was found would be refused"),
    ],
)
def test_the_page_says_how_it_is_known_whom_it_hits(fix: Fix, refuses: bool, told: str) -> None:
    page = files([chosen(fix, refuses=refuses)], of="a lab")["walls/README.md"].decode()
    assert told in page
    assert "<code>namespaces/a</code>: none" in page


def test_many_findings_are_counted() -> None:
    findings = tuple(finding(f"namespaces/n{number:03}") for number in range(73))
    page = files([chosen(ONE_STEP, findings=findings)], of="a lab")["walls/README.md"].decode()
    assert "73 failures" in page
    assert "- and 23 more" in page


def test_machines_find_an_index() -> None:
    (row,) = json.loads(files([chosen(PAIR)], of="a lab")[INDEX])["remedies"]
    assert row["id"] == "walls"
    assert row["steps"] == ["audit", "enforce"]
    assert row["findings"] == [{"check": "quotas.claims-are-counted", "subject": "namespaces/a"}]


IMPACT = Impact(
    of="pods",
    looked_at=9,
    hits=tuple(
        Hit(subject=f"pods/{HOSTILE}/p{number:03}", namespace=HOSTILE, fate=Fate.REFUSED, because=(HOSTILE,), objects=2)
        for number in range(60)
    ),
    unknown=("pods of b could not be read",),
)


def test_who_would_be_hit_is_counted_by_namespace_and_named_without_markup() -> None:
    made = files([chosen(msgspec.structs.replace(PAIR, impact=IMPACT))], of="a lab")
    page, front = made["walls/README.md"].decode(), made["README.md"].decode()
    assert "Of 9 pods 120 would be refused if made again." in page
    assert "120 pods of 60 workloads" in page
    assert "and 10 more" in page
    assert "Not known: pods of b could not be read" in page
    assert "of 9 pods 120 would be refused" in front
    assert "<script" not in page + front
    assert "](http://" not in page + front
    (row,) = json.loads(made[INDEX])["remedies"]
    assert row["impact"]["refused"] == 120
    assert len(row["impact"]["hits"]) == 60
    assert row["impact"]["unknown"] == ["pods of b could not be read"]


def test_where_nobody_is_hit_it_says_how_many_were_looked_at() -> None:
    none = Impact(of="pods", looked_at=9)
    page = files([chosen(msgspec.structs.replace(PAIR, impact=none))], of="a lab")["walls/README.md"].decode()
    assert "None of 9 pods would fare otherwise." in page
