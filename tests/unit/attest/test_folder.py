import os
from pathlib import Path

import pytest

from seatrial.attest import folder as folders
from seatrial.model.errors import UsageError

FILES = {"run.json": b"{}", "records/e1.json": b"1", "requirements/s@1/a.md": b"# a"}


def _read(folder: Path) -> dict[str, str]:
    return {problem.where: problem.what for problem in folders.read(folder).problems}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folders.write(tmp_path / "out", FILES)
    assert folders.read(tmp_path / "out") == folders.Folder(FILES, ())


def test_it_is_for_this_user_alone(tmp_path: Path) -> None:
    folders.write(tmp_path / "out", FILES)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "out").rglob("*.*")} == {0}


def test_an_empty_folder_may_be_filled_and_nothing_else_is_touched(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    folders.write(tmp_path / "empty", FILES)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("empty", "file", "link"):
        with pytest.raises(UsageError, match="is there already"):
            folders.write(tmp_path / name, FILES)
    assert (tmp_path / "file").read_text() == "kept"


def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        folders.write(tmp_path / "out", {"a": b"", "a/b": b""})
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="cannot be written"):
        folders.write(tmp_path / "nowhere" / "out", FILES)


@pytest.mark.parametrize("missing", ["nowhere", "file"])
def test_what_is_no_folder_cannot_be_read(missing: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be read"):
        folders.read(tmp_path / missing)


def test_links_pipes_and_empty_folders_are_named_and_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("hush")
    out = tmp_path / "out"
    folders.write(out, FILES)
    (out / "file-link").symlink_to(secret / "key")
    (out / "folder-link").symlink_to(secret)
    (out / "dangling").symlink_to("/nowhere")
    (out / "empty").mkdir()
    os.mkfifo(out / "pipe")
    assert _read(out) == {
        "dangling": "is a link; evidence holds files only",
        "empty": "is an empty folder",
        "file-link": "is a link; evidence holds files only",
        "folder-link": "is a link; evidence holds files only",
        "pipe": "is not a file",
    }
    assert folders.read(out).files == FILES


def test_huge_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    assert _read(tmp_path) == {"huge": f"is too large: over {folders.LARGEST_FILE} bytes"}
    monkeypatch.setattr(folders, "LARGEST", 5)
    (tmp_path / "a").write_bytes(b"1234")
    (tmp_path / "b").write_bytes(b"12")
    assert _read(tmp_path) == {"b": "is too large: over 1 bytes", "huge": "is too large: over 1 bytes"}


def test_a_flood_of_files_and_a_deep_well_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "a/b/c/d/e"
    deep.mkdir(parents=True)
    assert _read(tmp_path) == {"a/b/c/d": "lies too deep"}
    monkeypatch.setattr(folders, "MOST_FILES", 3)
    for number in range(10):
        (tmp_path / str(number)).write_text("")
    assert any("more than 3 files" in what for what in _read(tmp_path).values())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed").write_text("")
    (tmp_path / "closed").chmod(0)
    assert _read(tmp_path) == {"closed": "cannot be read: Permission denied"}
