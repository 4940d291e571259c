import datetime as dt
from typing import Any

import msgspec
import pytest

from seatrial.model.errors import UsageError
from seatrial.model.evidence import Entry, Evidence, Step
from seatrial.model.fact import ClusterIdentity
from seatrial.model.run import Environment, EnvironmentKind, Run
from seatrial.model.standard import Level, RequirementResult
from seatrial.model.verdict import Finding, Outcome, Severity
from seatrial.submission import artifacts, meta
from seatrial.submission import lint as linting
from seatrial.submission.build import Built, build
from seatrial.submission.checklist import Checklist
from seatrial.submission.document import compose
from seatrial.submission.folder import MemoryFolder
from seatrial.submission.meta import Answer, Meta
from seatrial.submission.metadata import BY_NAME
from seatrial.submission.product import read
from seatrial.submission.rule import Profile
from tests.unit.submission.samples import CHECKLISTS, MEMBERS, PRODUCT, TEXTS

BEGAN = dt.datetime(2026, 11, 1, 10, tzinfo=dt.UTC)
EVIL = "--- FAIL: TestEvil\n--- FAIL: TestEvil on 10.0.0.5 </testsuite> `<b>`"
CHECKLIST = Checklist(
    "1.37", tuple(msgspec.structs.replace(one, text=TEXTS[one.id]) for one in CHECKLISTS["1.37"].asked)
)


def metadata() -> dict[str, str]:
    product = read(compose(PRODUCT.encode()))
    said = {name: product.text(name).text for name in BY_NAME if name != "kubernetesVersion"}
    return {name: text for name, text in said.items() if text}


META = Meta(
    "encabulator",
    metadata(),
    {
        "ai_inference": Answer("Implemented", ("https://yoyo.example/inference", "notes/traffic.md")),
        "cluster_autoscaling": Answer("N/A", (), "Machines are bought, so there is no autoscaler."),
    },
)
COPIES = {"notes/traffic.md": b"# traffic\n"}


def result(id: str, outcome: Outcome, *checks: str) -> RequirementResult:
    return RequirementResult(
        standard="cncf-ai",
        version="1.37",
        id=id,
        level=Level.MUST,
        outcome=outcome,
        because="so it is",
        checks=checks,
        covered=bool(checks),
    )


def a_run(outcome: Outcome = Outcome.PASS, **more: Any) -> Run:
    evidence = Evidence(
        id="e1",
        check="gang.starts-whole",
        subject="kueue",
        simulated=False,
        entries=(Entry(BEGAN, 2.5, Step.SAW, EVIL, {"node": "ip-10-0-0-5"}),),
        digest="ab" * 32,
    )
    finding = Finding(
        check="gang.starts-whole", subject="kueue", outcome=outcome, severity=Severity.HIGH, because=EVIL, evidence="e1"
    )
    fields: dict[str, Any] = {
        "id": "run-1",
        "seatrial": "0.1",
        "command": "seatrial prove",
        "started_at": BEGAN,
        "finished_at": BEGAN + dt.timedelta(minutes=5),
        "environment": environment(),
        "requirements": (
            result("gang_scheduling", outcome, "gang.starts-whole"),
            result("cluster_autoscaling", Outcome.NOT_APPLICABLE, "nodes.follow"),
            result("ai_inference", Outcome.UNKNOWN),
        ),
        "findings": (finding,),
        "evidence": (evidence,),
    }
    return Run(**{**fields, **more})


def environment(**more: Any) -> Environment:
    fields: dict[str, Any] = {
        "kind": EnvironmentKind.LIVE,
        "simulated": False,
        "cluster": ClusterIdentity(uid="u", version="v1.37.2", platform="linux/amd64"),
    }
    return Environment(**{**fields, **more})


def built(run: Run | None = None, product: Meta = META, **more: Any) -> Built:
    return build(run or a_run(), product, CHECKLIST, copies=COPIES, **more)


def test_what_is_built_passes_its_own_rules_and_those_of_the_programme() -> None:
    made = built()
    assert (made.directory, made.missing) == ("v1.37/encabulator", ())
    folder = MemoryFolder(made.files, "encabulator", "v1.37")
    for profile in (Profile.NEWEST, Profile.STRICT):
        case = linting.case_of(
            made.files["PRODUCT.yaml"], folder, profile=profile, checklists={"1.37": CHECKLIST}, members=MEMBERS
        )
        assert [one.rule for one in linting.lint(case, "p")] == ["excuse-is-reviewed"]


def test_the_directory_holds_everything_that_it_names() -> None:
    assert set(built().files) == {
        "PRODUCT.yaml",
        "README.md",
        "evidence/gang_scheduling.md",
        "files/traffic.md",
        "junit.xml",
        "results.json",
        "e2e.log",
    }


@pytest.mark.parametrize("name", ["junit.xml", "results.json", "e2e.log"])
def test_results_say_whose_they_are_and_nothing_in_the_evidence_can_add_to_them(name: str) -> None:
    found = artifacts.parse(name, built().files[name])
    assert found.tests == {"seatrial/gang_scheduling": artifacts.Ending.PASSED}
    assert found.failures == ()


def test_nothing_private_is_told() -> None:
    for name, data in built().files.items():
        assert b"10.0.0.5" not in data, name
        assert b"10-0-0-5" not in data, name


def test_what_came_from_elsewhere_stands_in_code() -> None:
    page = built().files["evidence/gang_scheduling.md"].decode()
    assert all(line.startswith("    ") for line in page.splitlines() if "TestEvil" in line)
    assert "seatrial prove --standard cncf-ai@1.37 --only gang_scheduling" in page


def test_texts_are_those_of_the_checklist_and_answers_those_of_the_person() -> None:
    product = read(compose(built().files["PRODUCT.yaml"]))
    entries = {entry.id.text: entry for entry in product.entries}
    assert {id: entry.description.text for id, entry in entries.items()} == TEXTS
    assert entries["ai_inference"].status.text == "Implemented"
    assert [one.text for one in entries["ai_inference"].evidence] == [
        "https://yoyo.example/inference",
        "files/traffic.md",
    ]
    assert entries["gpu_sharing"].status.text == ""
    assert product.text("platformVersion").text == "1.0"


def test_before_1_37_evidence_has_no_fragments() -> None:
    run = a_run(
        environment=environment(cluster=ClusterIdentity(version="v1.36.1")),
        requirements=tuple(msgspec.structs.replace(one, version="1.36") for one in a_run().requirements),
    )
    old = Checklist("1.36", CHECKLIST.asked)
    product = read(compose(build(run, META, old, copies=COPIES).files["PRODUCT.yaml"]))
    gang = next(entry for entry in product.entries if entry.id.text == "gang_scheduling")
    assert [one.text for one in gang.evidence] == ["evidence/gang_scheduling.md"]


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
def test_a_must_that_failed_is_open_whatever_the_person_says(outcome: Outcome) -> None:
    said = Meta(
        "encabulator",
        META.metadata,
        {**META.requirements, "gang_scheduling": Answer("Implemented", ("https://a.example",))},
    )
    made = built(a_run(outcome), said, draft=True)
    assert made.missing == ("gang_scheduling is a MUST and Not Implemented: so it is",)
    assert "junit.xml" not in made.files
    assert b"DRAFT" in made.files["PRODUCT.yaml"]
    assert b"must not be handed in" in made.files["README.md"]
    assert b"What else the Run found" in made.files["README.md"]


def test_a_must_without_an_answer_is_open() -> None:
    assert built(product=Meta("encabulator", META.metadata, {})).missing == (
        "cluster_autoscaling is a MUST and not answered: so it is",
        "ai_inference is a MUST and not answered: so it is",
    )


def test_a_word_against_the_run_is_open() -> None:
    said = {**META.requirements, "cluster_autoscaling": Answer("Implemented", ("https://a.example",))}
    (open_,) = built(product=Meta("encabulator", META.metadata, said)).missing
    assert "found nothing that it applies to" in open_


@pytest.mark.parametrize(
    ("run", "because"),
    [
        (a_run(environment=environment(kind=EnvironmentKind.LAB)), "is of a lab"),
        (a_run(environment=environment(kind=EnvironmentKind.SNAPSHOT)), "is of a snapshot"),
        (a_run(environment=environment(simulated=True)), "are simulated"),
        (a_run(environment=environment(simulated=None)), "not known to be real"),
        (a_run(evidence=tuple(msgspec.structs.replace(one, simulated=True) for one in a_run().evidence)), "not known"),
        (a_run(complete=False), "half-way"),
        (a_run(environment=environment(cluster=ClusterIdentity(version="v1.36.2"))), "of Kubernetes v1.36.2"),
        (a_run(environment=environment(cluster=ClusterIdentity())), "of Kubernetes unknown"),
        (a_run(requirements=()), "was not held against"),
    ],
)
def test_runs_that_say_nothing_about_a_product_are_refused(run: Run, because: str) -> None:
    with pytest.raises(UsageError, match=because):
        built(run, draft=True)


def test_a_requirement_that_is_not_asked_is_refused() -> None:
    with pytest.raises(UsageError, match="ai_infrence"):
        built(product=Meta("encabulator", META.metadata, {"ai_infrence": Answer()}))


@pytest.mark.parametrize("text", ['"\\', "a: b # c", "é\u2028\x7f\x1b\ufeff", "- x", "\t", "ünïcödé 🚢"])
def test_every_text_comes_back(text: str) -> None:
    made = built(product=Meta("encabulator", {**META.metadata, "description": text}, META.requirements))
    assert read(compose(made.files["PRODUCT.yaml"])).text("description").text == text


def test_the_template_is_one_to_begin_with() -> None:
    begun = meta.parse(meta.template().encode(), name="t")
    assert set(begun.metadata) == set(BY_NAME) - {"kubernetesVersion"}


def test_a_heading_with_nothing_below_it_is_no_mistake() -> None:
    assert meta.parse(b"directory: a\nmetadata: {}\nrequirements:\n", name="t").requirements == {}


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("directory: [", "^t:2: "), ("directory: a\nmetadata: {}\nextra: 1", "extra"), ("directory: ../a\nmetadata: {}", "short name"),
        ("directory: a\nmetadata: {kubernetesVersion: v1}", "kubernetesVersion"), ("directory: a\nmetadata: {platformVersion: 1.0}", "platformVersion|str"),
        ("directory: a\nmetadata: {}\nrequirements: {x: {status: Done}}", "status"), ("", "object|null"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_says_what_is_wrong(text: str, because: str) -> None:
    with pytest.raises(UsageError, match=because):
        meta.parse(text.encode(), name="t")
