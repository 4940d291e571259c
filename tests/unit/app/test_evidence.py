from pathlib import Path

import pytest

from seatrial.app import evidence
from seatrial.model.errors import UsageError

STORED = Path(__file__).parents[2] / "faces" / "run.json"


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private = tmp_path / "key.pem"
    public, _ = evidence.make_key(private, None)
    return private, public


def test_a_stored_run_is_written_and_verified(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    private, public = keys
    written = evidence.write(STORED, tmp_path / "out", key=private)
    found = evidence.verify(tmp_path / "out", key=public)
    assert found.problems == ()
    assert found.files == written.files == len([path for path in (tmp_path / "out").rglob("*") if path.is_file()])
    assert found.signer == written.signer != ""
    assert found.run == written.run


def test_unsigned_evidence_is_whole_but_vouched_for_by_nobody(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    assert evidence.write(STORED, tmp_path / "out").signer == ""
    unsigned = evidence.verify(tmp_path / "out")
    assert (unsigned.problems, unsigned.signer, unsigned.signed) == ((), "", False)
    assert evidence.verify(tmp_path / "out", key=keys[1]).problems


def test_what_lies_in_the_way_on_disk_is_a_problem_too(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    evidence.write(STORED, tmp_path / "out", key=keys[0])
    (tmp_path / "out" / "link").symlink_to("/etc/passwd")
    assert [one.where for one in evidence.verify(tmp_path / "out", key=keys[1]).problems] == ["link"]


def test_a_record_replaced_by_a_link_to_itself_elsewhere_is_refused(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    evidence.write(STORED, tmp_path / "out", key=keys[0])
    record = tmp_path / "out" / "records" / "e1.json"
    record.rename(tmp_path / "e1.json")
    record.symlink_to(tmp_path / "e1.json")
    assert {one.where for one in evidence.verify(tmp_path / "out", key=keys[1]).problems} == {"records/e1.json"}


def test_keys_are_private_come_with_a_public_half_and_replace_nothing(tmp_path: Path) -> None:
    public, id = evidence.make_key(tmp_path / "my.key.pem", b"sesame")
    assert public == tmp_path / "my.key.pub.pem"
    assert len(id) == 64
    assert (tmp_path / "my.key.pem").stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in (tmp_path / "my.key.pem").read_bytes()
    with pytest.raises(UsageError, match=r"my\.key\.pem is there already"):
        evidence.make_key(tmp_path / "my.key.pem", None)
    (tmp_path / "other.pub.pem").write_text("")
    with pytest.raises(UsageError, match=r"other\.pub\.pem is there already"):
        evidence.make_key(tmp_path / "other.pem", None)
    with pytest.raises(UsageError, match="cannot be written"):
        evidence.make_key(tmp_path / "nowhere" / "key.pem", None)


def test_nothing_is_written_where_the_key_is_no_good(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError):
        evidence.write(STORED, tmp_path / "out", key=keys[1])
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_nested_too_deep_is_wrong_usage(tmp_path: Path) -> None:
    text = STORED.read_text().replace('"stuck_seconds": 30', '"stuck_seconds": ' + "[" * 700 + "]" * 700)
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match="nested too deep"):
        evidence.write(tmp_path / "run.json", tmp_path / "out")
    assert not (tmp_path / "out").exists()
