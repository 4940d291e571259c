from pathlib import Path

import pytest

from seatrial.cli.main import main

STORED = str(Path(__file__).parents[2] / "faces" / "run.json")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEATRIAL_KEY_PASSPHRASE", raising=False)
    return tmp_path


def _signed() -> None:
    assert main(["evidence", "key", "-o", "key.pem"]) == 0
    assert main(["evidence", "write", STORED, "-o", "out", "--key", "key.pem"]) == 0


def test_from_a_key_to_verified_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    _signed()
    said = capsys.readouterr().out
    assert "NOT locked with a passphrase" in said
    assert "out: 22 files, signed by the key" in said
    assert "SIMULATED ACCELERATORS" in said
    assert main(["evidence", "verify", "out", "--key", "key.pub.pem"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("verified: out, 22 files, signed by the key")
    assert "0b7f7a52-6a1e-4a39-9f6e-0c6f0e4c2d11" in said
    assert "SIMULATED ACCELERATORS" in said


def test_a_passphrase_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEATRIAL_KEY_PASSPHRASE", "open sesame")
    _signed()
    assert "locked with the passphrase" in capsys.readouterr().out
    monkeypatch.delenv("SEATRIAL_KEY_PASSPHRASE")
    assert main(["evidence", "write", STORED, "-o", "again", "--key", "key.pem"]) == 2
    assert "SEATRIAL_KEY_PASSPHRASE" in capsys.readouterr().err


def test_one_flipped_byte_is_1_and_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _signed()
    page = here / "out" / "records" / "e2.json"
    page.write_bytes(page.read_bytes().replace(b"12/12", b"12/13", 1))
    capsys.readouterr()
    assert main(["evidence", "verify", "out", "--key", "key.pub.pem"]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("NOT VERIFIED: out\n  records/e2.json: was changed: its sha256 is ")
    assert shown.err == ""


def test_unsigned_evidence_says_so_at_both_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "write", STORED, "-o", "out"]) == 0
    assert "NOT SIGNED" in capsys.readouterr().out
    assert main(["evidence", "verify", "out", "--unsigned"]) == 0
    assert "NOT VERIFIED" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "out"],
        ["verify", "nowhere", "--unsigned"],
        ["verify", "out", "--key", "nowhere.pem"],
        ["verify", "out", "--key", "key.pem"],
        ["verify", "out", "--identity", "me"],
        ["verify", "out", "--issuer", "https://x", "--unsigned"],
        ["verify", "out", "--key", "key.pub.pem", "--unsigned"],
        ["write", STORED],
        ["write", "nowhere.json", "-o", "new"],
        ["write", "key.pem", "-o", "new"],
        ["write", STORED, "-o", "out"],
        ["write", STORED, "-o", "new", "--key", "key.pem", "--keyless"],
        ["write", STORED, "-o", "new", "--standard", "pci@4"],
        ["key", "-o", "key.pem"],
        [],
    ],
)
def test_wrong_usage_is_2_with_a_way_out(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    _signed()
    capsys.readouterr()
    assert main(["evidence", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "  → " in shown.err
    assert "Traceback" not in shown.err


def test_names_of_a_hostile_folder_cannot_move_the_cursor_or_flood(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _signed()
    (here / "out" / "\x1b[2J\u202e").write_text("")
    for number in range(60):
        (here / "out" / f"extra-{number}").write_text("")
    capsys.readouterr()
    assert main(["evidence", "verify", "out", "--key", "key.pub.pem"]) == 1
    said = capsys.readouterr().out
    assert "\\x1b[2J\\u202e: is not in the manifest" in said
    assert "\x1b" not in said
    assert "… and 11 more" in said


def test_a_name_that_is_no_text_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _signed()
    Path(b"out/\xff\xfe".decode("utf-8", "surrogateescape")).write_text("")
    assert main(["evidence", "verify", "out", "--key", "key.pub.pem"]) == 1
    assert "udcff" in capsys.readouterr().out
