import json

import msgspec
import pytest
from markdown_it import MarkdownIt

from seatrial.attest.build import build
from seatrial.kit import digest
from seatrial.model.errors import UsageError
from seatrial.model.verdict import Outcome
from tests.unit.attest.scene import signed, stored

PAGE = "requirements/cncf-ai@1.35/gang_scheduling.md"


def _pages(files: dict[str, bytes]) -> dict[str, str]:
    return {name: data.decode() for name, data in files.items() if name.endswith(".md")}


def test_there_is_a_page_for_each_requirement_and_a_file_for_each_record() -> None:
    files = signed()
    assert len([name for name in files if name.startswith("requirements/")]) == len(stored().requirements)
    assert [name for name in files if name.startswith("records/")] == [f"records/e{n}.json" for n in range(1, 5)]
    assert {"run.json", "README.md", "manifest.json", "evidence.intoto.jsonl", "bundle.sigstore.json"} < files.keys()


def test_every_page_says_that_accelerators_are_simulated() -> None:
    for name, page in _pages(signed()).items():
        assert "> **SIMULATED ACCELERATORS." in page, name


@pytest.mark.parametrize(("simulated", "words"), [(None, "OF UNKNOWN KIND"), (False, "reports as real")])
def test_other_accelerators_are_named_for_what_they_are(simulated: bool | None, words: str) -> None:
    environment = msgspec.structs.replace(stored().environment, simulated=simulated)
    run = msgspec.structs.replace(stored(), environment=environment, evidence=())
    for page in _pages(build(run)).values():
        assert words in page
        assert "SIMULATED" not in page


def test_a_proof_that_was_stopped_says_so_on_every_page() -> None:
    for page in _pages(build(msgspec.structs.replace(stored(), complete=False))).values():
        assert "INCOMPLETE" in page


def test_a_page_tells_outcome_reason_controls_steps_in_order_and_where() -> None:
    page = signed()[PAGE].decode()
    wanted = [
        "# ✓ PASS: <code>gang_scheduling</code>",
        "### ✗ FAIL <code>kube-scheduler</code>",
        "- Because: two gangs of 12",
        "- Fix: turn on gang scheduling",
        "[records/e1.json](../../records/e1.json)",
        "- Controls: 2\n  - positive control",
        "  1. +0.0 s, created: namespace",
        "  10. +39.2 s, removed",
        "### ✓ PASS <code>kueue</code>",
        "0b7f7a52-6a1e-4a39-9f6e-0c6f0e4c2d11",
    ]
    places = [page.index(words) for words in wanted]
    assert places == sorted(places)


def test_a_finding_without_record_and_a_record_that_is_not_there_are_said() -> None:
    bare, lost = (msgspec.structs.replace(stored().findings[0], evidence=id) for id in ("", "e9"))
    page = build(msgspec.structs.replace(stored(), findings=(bare, lost)))[PAGE].decode()
    assert "- Evidence: none" in page
    assert "- Evidence: the record <code>e9</code>, which the Run does not hold" in page


def test_a_check_without_finding_was_not_run() -> None:
    assert "this check was not run" in build(msgspec.structs.replace(stored(), findings=()))[PAGE].decode()


def test_what_nothing_covers_is_not_a_mere_unknown() -> None:
    assert "○ NOT COVERED (unknown)" in signed()["requirements/cncf-ai@1.35/ai_inference.md"].decode()


def test_hostile_words_bring_no_markup_into_a_page() -> None:
    nasty = "<script>x</script> **b** [l](http://e.example) `c` | pipe\n# head @all"
    finding = msgspec.structs.replace(
        stored().findings[0], subject=nasty, because=nasty, fix=nasty, seen={nasty: nasty}, outcome=Outcome.FAIL
    )
    requirements = tuple(msgspec.structs.replace(one, because=nasty) for one in stored().requirements)
    run = msgspec.structs.replace(stored(), findings=(finding,), requirements=requirements, command=nasty)
    for name, page in _pages(build(run)).items():
        html = MarkdownIt("gfm-like", {"linkify": False}).render(page)
        assert "<script" not in html, name
        assert "e.example</a>" not in html
        assert "<strong>b" not in html
        assert "\x1b" not in page


def test_json_files_are_ascii_and_hide_nothing() -> None:
    for name, data in signed().items():
        if name.endswith(".json") and name != "manifest.json":
            assert data.isascii(), name
            assert not {*data} & {*range(9), *range(11, 32), 127}


def test_records_are_those_of_the_run() -> None:
    files = signed()
    run = json.loads(files["run.json"])
    assert [json.loads(files[f"records/{one['id']}.json"]) for one in run["evidence"]] == run["evidence"]


def test_the_manifest_is_canonical_and_has_every_hash_and_the_cluster() -> None:
    files = signed()
    manifest = json.loads(files["manifest.json"])
    assert digest.canonical_json(manifest) == files["manifest.json"]
    assert manifest["cluster"] == {
        "uid": "0b7f7a52-6a1e-4a39-9f6e-0c6f0e4c2d11",
        "version": "v1.37.1",
        "platform": "linux/amd64",
    }
    assert manifest["simulated"] is True
    listed = {one["name"]: (one["sha256"], one["size"]) for one in manifest["files"]}
    signatures = {"manifest.json", "evidence.intoto.jsonl", "bundle.sigstore.json"}
    assert listed == {
        name: (digest.of_bytes(data), len(data)) for name, data in files.items() if name not in signatures
    }


def test_every_system_that_was_looked_for_is_named_with_its_versions() -> None:
    systems = json.loads(signed()["manifest.json"])["systems"]
    assert {one["id"]: (one["there"], one.get("versions")) for one in systems} == {
        "kubernetes": (True, ["v1.37.1"]),
        "kueue": (True, ["v1beta2", "v1beta1"]),
        "volcano": (False, None),
        "jobset": (None, None),
    }


def test_pages_can_be_limited_to_a_standard_and_records_cannot() -> None:
    run = stored()
    other = msgspec.structs.replace(run.requirements[0], version="1.34")
    run = msgspec.structs.replace(run, requirements=(*run.requirements, other))
    files = build(run, standards=("cncf-ai@1.34",))
    pages = [name for name in files if name.endswith(".md") and name != "README.md"]
    assert pages == [f"requirements/cncf-ai@1.34/{other.id}.md"]
    assert len([name for name in files if name.startswith("records/")]) == 4
    assert len(build(run, standards=("cncf-ai",))) == len(build(run)) - 3  # without the pages of checks


def test_a_standard_that_the_run_does_not_have_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="judges nothing by 'pci@4'") as error:
        build(stored(), standards=("pci@4",))
    assert "cncf-ai@1.35" in error.value.way_out


def test_without_a_signer_the_index_says_so_and_nothing_is_signed() -> None:
    files = build(stored())
    assert "**NOT SIGNED.**" in files["README.md"].decode()
    assert not {"evidence.intoto.jsonl", "bundle.sigstore.json"} & files.keys()
    assert "NOT SIGNED" not in signed()["README.md"].decode()


def test_the_same_run_gives_the_same_files() -> None:
    assert build(stored()) == build(stored())
