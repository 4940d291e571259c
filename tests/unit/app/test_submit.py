import asyncio
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import pytest

from seatrial.app import directories, submit
from seatrial.model.errors import UsageError
from seatrial.submission.folder import Presence, Unreadable
from seatrial.submission.message import Report
from tests.unit.submission.samples import CHECKLISTS, FILES, PRODUCT, TEXTS, edited, standard
from tests.unit.submission.test_build import META, a_run


@pytest.fixture(autouse=True)
def _programme(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small programme of the samples, in the place of the catalog's."""
    monkeypatch.setattr(submit, "every_checklist", lambda _files=(): dict(CHECKLISTS))


@pytest.fixture
def members(tmp_path: Path) -> Path:
    file = tmp_path / "members.txt"
    file.write_text("Yoyodyne\n")
    return file


@pytest.fixture
def product(tmp_path: Path) -> Path:
    home = tmp_path / "v1.37" / "encabulator"
    home.mkdir(parents=True)
    for name, data in {**FILES, "PRODUCT.yaml": PRODUCT.encode()}.items():
        (home / name).write_bytes(data)
    return home


def lint(*paths: Path, **more: object) -> Report:
    return asyncio.run(submit.lint(paths, **more))  # type: ignore[arg-type]


def rules(report: Report) -> list[str]:
    return [one.rule for one in report.messages]


def test_a_directory_is_looked_through(product: Path, members: Path) -> None:
    report = lint(product.parents[1], members=members)
    assert (rules(report), report.clean, report.links_not_checked) == (["excuse-is-reviewed"], True, 4)
    assert report.files == (str(product / "PRODUCT.yaml"),)


def test_the_version_is_found_from_inside_of_the_directory(
    product: Path, members: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(product)
    assert rules(lint(Path("PRODUCT.yaml"), members=members)) == ["excuse-is-reviewed"]


@pytest.mark.parametrize("name", ["absent", "empty", "fifo"])
def test_what_cannot_be_read_is_wrong_usage(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError):
        lint(tmp_path / name)


def test_links_are_called_by_who_is_given(product: Path, members: Path) -> None:
    async def call(urls: Iterable[str]) -> Mapping[str, str]:
        return {url: "status 404" for url in urls if url.endswith("docs")}

    report = lint(product, members=members, call=call)
    assert sorted(rules(report)) == ["excuse-is-reviewed", "link-answers"]
    assert (report.clean, report.links_not_checked) == (False, 0)


def test_a_sentence_as_evidence_is_not_taken_for_a_file(product: Path, members: Path) -> None:
    (product / "PRODUCT.yaml").write_text(edited(("- page.md", f"- {'very ' * 60}long")))
    assert "evidence-is-a-link-or-a-file" in rules(lint(product, members=members))
    assert "evidence-file-is-there" not in rules(lint(product, members=members, rules="newest"))


def test_presence_follows_links_and_reading_does_not_leave(product: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (product / "out.md").symlink_to(tmp_path / "secret")
    os.mkfifo(product / "pipe")
    folder = submit.DiskFolder(product)
    assert [folder.presence(one) for one in ("out.md", "absent", "page.md/x", "y" * 300, "a\0b")] == [
        Presence.THERE,
        Presence.MISSING,
        Presence.UNCLEAR,
        Presence.UNCLEAR,
        Presence.UNCLEAR,
    ]
    for name in ("out.md", "pipe", "../secret", "absent"):
        with pytest.raises(Unreadable):
            folder.read(name)
    assert "page.md" in folder.names()


def test_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 11)
    with pytest.raises(UsageError, match="larger"):
        directories.read(tmp_path / "x", largest=10)


def build(tmp_path: Path, **more: bool) -> submit.Written:
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(a_run()))
    (tmp_path / "notes").mkdir(exist_ok=True)
    (tmp_path / "notes" / "traffic.md").write_text("# traffic\n")
    (tmp_path / "meta.yaml").write_bytes(msgspec.yaml.encode(META))
    entries: dict[str, list[dict[str, str]]] = {}
    for one in CHECKLISTS["1.37"].asked:
        entries.setdefault(one.category, []).append({"id": one.id, "description": TEXTS[one.id], "level": one.level})
    checklist = {"metadata": {"kubernetesVersion": "v1.37"}, "spec": entries}
    (tmp_path / "checklist.yaml").write_bytes(msgspec.yaml.encode(checklist))
    return submit.build(
        tmp_path / "run.json", tmp_path / "meta.yaml", tmp_path / "checklist.yaml", tmp_path / "out", **more
    )


def test_a_build_lies_there_whole(tmp_path: Path, members: Path) -> None:
    written = build(tmp_path)
    assert written.path == tmp_path / "out" / "v1.37" / "encabulator"
    assert [path.name for path in written.path.parent.iterdir()] == ["encabulator"]
    assert rules(lint(written.path, members=members)) == ["excuse-is-reviewed"]
    # The list that is built in does not know the vendor: only a person can mend that.
    assert sorted(rules(written.report)) == ["excuse-is-reviewed", "vendor-is-a-member"]


def test_a_build_replaces_nothing_unless_it_is_told_to(tmp_path: Path) -> None:
    home = build(tmp_path).path
    assert home is not None
    (home / "PRODUCT.yaml").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        build(tmp_path)
    assert (home / "PRODUCT.yaml").read_text() == "mine"
    build(tmp_path, force=True)
    assert (home / "PRODUCT.yaml").read_text().startswith("metadata:")
    (home / "PRODUCT.yaml").unlink()
    with pytest.raises(UsageError, match="holds no PRODUCT"):
        build(tmp_path, force=True)


def test_a_build_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        build(tmp_path)
    assert (tmp_path / "out").read_text() == "in the way"


def test_an_open_must_is_not_written_unless_as_a_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.app.test_submit.META", msgspec.structs.replace(META, requirements={}))
    refused = build(tmp_path)
    assert refused.path is None
    assert not (tmp_path / "out").exists()
    draft = build(tmp_path, draft=True)
    assert draft.path is not None
    assert draft.missing == refused.missing != ()


def test_plan_of_a_broken_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shelf:
        standards: Mapping[str, object] = {}

        @staticmethod
        def standard(key: str) -> object:
            return standard(key.rpartition("@")[2])

    monkeypatch.setattr(submit.Catalog, "installed", classmethod(lambda _: Shelf))
    assert "1.36 to 1.37" in submit.plan("v1.36", "1.37")
    with pytest.raises(UsageError, match="both"):
        submit.plan("1.37", "v1.37")
    (tmp_path / "p.yaml").write_text("a: [")
    with pytest.raises(UsageError, match=r"p\.yaml:2"):
        submit.plan("1.36", "1.37", tmp_path / "p.yaml")
