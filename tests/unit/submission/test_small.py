import pytest

from seatrial.kit.sarif import quoted
from seatrial.model.errors import UsageError
from seatrial.submission import checklist
from seatrial.submission.folder import MemoryFolder, Presence, Unreadable, inside
from seatrial.submission.leaks import leaks
from seatrial.submission.metadata import BY_NAME
from seatrial.submission.web import split
from tests.unit.submission.samples import CHECKLISTS

FILE = b"metadata: {kubernetesVersion: v1.37}\nspec:\n  networking:\n  - {id: ai_inference, description: 'Traffic is split.', level: MUST}\n"


def test_a_checklist_from_its_file() -> None:
    given = checklist.parse(FILE, name="x")
    assert (given.version, given.categories, given.asked[0].text) == ("1.37", ("networking",), "Traffic is split.")
    assert given.asked[0].digest == CHECKLISTS["1.37"].by_id["ai_inference"].digest


@pytest.mark.parametrize(
    "data", [b"", b"a: [", b"metadata: {kubernetesVersion: 'next'}\nspec: {}", FILE.replace(b"MUST", b"MAY")]
)
def test_what_is_no_checklist(data: bytes) -> None:
    with pytest.raises(UsageError):
        checklist.parse(data, name="x")


def test_a_checklist_with_other_texts_is_not_taken() -> None:
    with pytest.raises(UsageError, match="gang_scheduling"):
        checklist.checked(checklist.parse(FILE, name="x"), CHECKLISTS["1.37"])


@pytest.mark.parametrize(
    ("path", "expected"), [("a", "a"), ("./a", "a"), ("/a", "a"), ("b/../a", "a"), ("../a", "../a"), ("", ".")]
)
def test_dots_are_resolved_as_words(path: str, expected: str) -> None:
    assert inside(path) == expected


def test_a_folder_in_memory() -> None:
    folder = MemoryFolder({"a/b": b"x"})
    assert [folder.presence(path) for path in ("a", "a/b", "a/c", "../a")] == [Presence.THERE] * 2 + [
        Presence.MISSING
    ] * 2
    with pytest.raises(Unreadable):
        folder.read("a")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("token ghp_abcdefghijklmnopqrst", "secrets"), ("https://a:b@c.example", "secrets"), ("-----BEGIN PRIVATE KEY-----", "secrets"),
        ("on GPU-11111111-2222-3333-4444-555555555555", "identities"), ("at 10.1.2.3 port", "identities"), ("Serial Number: 1324", "identities"),
        ("mac 52:54:00:12:34:56", "identities"), ("mac 52-54-00-12-34-56", "identities"), ("bus 0000:3b:00.0", "identities"), ("from fe80::1", "identities"),
        ("on ip-10-1-2-3", "identities"), ("join abc1ef.0123456789abcdef", "secrets"),
        ("all is well at 12:30:45", ""), ("version 1.37.2", ""), ("password: see the vault", ""),
    ],
)  # fmt: skip
def test_leaks(line: str, kind: str) -> None:
    found = leaks(f"first\n{line}\nlast")
    assert found.secrets == ((2,) if kind == "secrets" else ())
    assert found.identities == ((2,) if kind == "identities" else ())


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://A.example/x?y#z", "a.example"), ("http://[::1]:80/", "::1"), ("https://u:p@a.example", "a.example"), ("https://a.example.", "a.example"),
        ("ftp://a", None), ("https://", None), ("http is fine", None), ("https://a b/", None), ("https://a/ b", None),
    ],
)  # fmt: skip
def test_addresses(text: str, host: str | None) -> None:
    url = split(text)
    assert (url.host if url else None) == host


def test_paths_in_sarif_are_references() -> None:
    assert quoted("v1.37/a b/ü.md") == "v1.37/a%20b/%C3%BC.md"


def test_other_names_of_fields() -> None:
    assert BY_NAME["k8sConformanceUrl"].names == ("k8sConformanceUrl", "k8s_conformance_url")
