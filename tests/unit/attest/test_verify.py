import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.attest import envelope as envelopes
from seatrial.attest.build import build
from seatrial.attest.keys import PrivateKey
from seatrial.attest.seal import KeySigner, KeyTrust
from seatrial.attest.verify import inspect
from seatrial.kit import digest
from tests.unit.attest.scene import key, signed, stored, trust, unsigned

Files = dict[str, bytes]
ENVELOPE, BUNDLE = "evidence.intoto.jsonl", "bundle.sigstore.json"
PAGE = "requirements/cncf-ai@1.35/gang_scheduling.md"


def _problems(files: Files, *, signature: bool = True) -> dict[str, str]:
    return {one.where: one.what for one in inspect(files, trust() if signature else None).problems}


def test_what_was_signed_is_verified() -> None:
    found = inspect(signed(), trust())
    assert found.problems == ()
    assert found.run == stored()
    assert found.signed


def test_another_key_did_not_sign_it() -> None:
    found = inspect(signed(), KeyTrust(PrivateKey.new().public))
    assert [one.where for one in found.problems] == [ENVELOPE]
    assert "was not signed with the key" in found.problems[0].what


@pytest.mark.parametrize("name", ["run.json", "manifest.json", ENVELOPE, BUNDLE, "README.md", PAGE, "records/e1.json"])
def test_a_missing_file_is_named(name: str) -> None:
    files = signed()
    del files[name]
    assert name in _problems(files)


def test_a_file_too_many_is_named() -> None:
    assert _problems({**signed(), "records/e5.json": b"{}"}) == {
        "records/e5.json": "is not in the manifest: somebody added it"
    }


@pytest.mark.parametrize("signature", [True, False])
def test_a_folder_that_nobody_signed(signature: bool) -> None:
    files = unsigned()
    assert _problems(files, signature=signature) == ({ENVELOPE: "is missing: nobody signed this"} if signature else {})


def test_a_bundle_without_its_envelope_is_noticed_without_a_key() -> None:
    files = signed()
    del files[ENVELOPE]
    assert _problems(files, signature=False) == {ENVELOPE: "is missing: nobody signed this"}


FLIPPED = st.tuples(st.sampled_from(sorted(signed())), st.integers(0, 1 << 30), st.integers(1, 255))


@settings(max_examples=300, deadline=None)
@given(FLIPPED)
def test_one_changed_byte_anywhere_is_found_and_its_file_is_named(flip: tuple[str, int, int]) -> None:
    name, place, change = flip
    files = signed()
    data = bytearray(files[name])
    data[place % len(data)] ^= change
    files[name] = bytes(data)
    assert name in _problems(files)


@settings(max_examples=200, deadline=None)
@given(FLIPPED)
def test_even_where_nobody_signed_no_byte_changes_unnoticed(flip: tuple[str, int, int]) -> None:
    name, place, change = flip
    files = unsigned()
    if name not in files:
        return
    data = bytearray(files[name])
    data[place % len(data)] ^= change
    files[name] = bytes(data)
    assert _problems(files, signature=False)


def test_every_bit_of_the_signed_statement_counts() -> None:
    for name in (ENVELOPE, BUNDLE):
        whole = signed()
        for place in range(0, len(whole[name]), max(1, len(whole[name]) // 300)):
            data = bytearray(whole[name])
            data[place] ^= 1
            assert name in _problems({**whole, name: bytes(data)}), (name, place)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(signed())), st.binary(max_size=60), st.integers(0, 1 << 30))
def test_rubbish_is_a_problem_and_never_an_error(name: str, rubbish: bytes, place: int) -> None:
    files = signed()
    cut = place % len(files[name])
    for data in (rubbish, files[name][:cut], files[name][:cut] + rubbish + files[name][cut:]):
        if data != files[name]:
            assert name in _problems({**files, name: data})


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b'{"schema":"\\ud800"}', b"1e999"],
)
@pytest.mark.parametrize("name", ["run.json", "manifest.json", "records/e1.json", ENVELOPE, BUNDLE])
def test_hostile_json_is_a_problem_and_never_an_error(name: str, data: bytes) -> None:
    assert name in _problems({**signed(), name: data})
    assert name in _problems({**signed(), name: data}, signature=False)


def test_a_run_that_is_nested_too_deep_is_a_problem() -> None:
    run = json.loads(signed()["run.json"])
    mark = "the place"
    run["findings"][0]["seen"] = {"x": mark}
    deep = json.dumps(run).replace(f'"{mark}"', "[" * 900 + "]" * 900).encode()
    assert "run.json" in _problems(_relisted({**signed(), "run.json": deep}), signature=False)


def _relisted(files: Files) -> Files:
    """The manifest made to fit the files, as somebody would who has no key."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = [
        {"name": name, "sha256": digest.of_bytes(data), "size": len(data)}
        for name, data in sorted(files.items())
        if name not in ("manifest.json", ENVELOPE, BUNDLE)
    ]
    return {**files, "manifest.json": digest.canonical_json(manifest)}


def _resigned(files: Files, change: Callable[[dict[str, Any]], None]) -> Files:
    """Signed with the right key, but over something else: a signer that lies, or has a fault."""
    said = json.loads(envelopes.read(files[ENVELOPE]).content)
    change(said)
    seal = KeySigner(key()).seal(digest.canonical_json(said))
    return {**files, ENVELOPE: envelopes.line(seal.envelope), BUNDLE: seal.bundle}


def test_a_manifest_made_to_fit_a_forged_page_does_not_help() -> None:
    files = signed()
    forged = _relisted({**files, PAGE: files[PAGE].replace("✗ FAIL".encode(), "✓ PASS".encode())})
    assert _problems(forged) == {
        PAGE: "is not the file that was signed",
        "manifest.json": "is not the file that was signed",
    }


def test_a_forged_record_is_found_even_without_signature() -> None:
    files = signed()
    forged = _relisted({**files, "records/e1.json": files["records/e1.json"].replace(b"8 of 12", b"12 of 12")})
    assert _problems(forged, signature=False)["records/e1.json"] == "is not evidence 'e1' of the Run"
    both = _relisted({**forged, "run.json": files["run.json"].replace(b"8 of 12", b"12 of 12")})
    assert "'e1' does not have the digest" in _problems(both, signature=False)["run.json"]


def test_a_manifest_of_another_cluster_is_found_even_without_signature() -> None:
    files = unsigned()
    other = files["manifest.json"].replace(b"0b7f7a52", b"11111111")
    assert _problems({**files, "manifest.json": other}, signature=False) == {
        "manifest.json": "does not say of the cluster and of the systems what the Run says"
    }


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd"])
def test_a_path_out_of_the_folder_is_named_and_never_read(name: str) -> None:
    files = unsigned()
    manifest = json.loads(files["manifest.json"])
    manifest["files"].append({"name": name, "sha256": "0" * 64, "size": 1})
    files["manifest.json"] = digest.canonical_json(manifest)
    assert _problems(files, signature=False)[name] == "is a path out of the folder"


@pytest.mark.parametrize("extra", ["manifest.json", "run.json"])
def test_a_manifest_that_names_a_file_twice_or_itself_is_refused(extra: str) -> None:
    files = unsigned()
    manifest = json.loads(files["manifest.json"])
    manifest["files"].append({"name": extra, "sha256": digest.of_bytes(files[extra]), "size": len(files[extra])})
    files["manifest.json"] = digest.canonical_json(manifest)
    assert "manifest.json" in _problems(files, signature=False)


def test_a_signed_summary_that_says_more_than_the_run_is_found() -> None:
    def all_pass(said: dict[str, Any]) -> None:
        for one in said["predicate"]["requirements"]:
            one["outcome"] = "pass"

    def simulated_no_more(said: dict[str, Any]) -> None:
        said["predicate"]["environment"]["simulated"] = False

    wanted = "its statement is not the one that follows from the Run and the manifest"
    for lie in (all_pass, simulated_no_more):
        assert _problems(_resigned(signed(), lie)) == {ENVELOPE: wanted}


def test_a_signed_statement_that_leaves_a_file_out_is_found() -> None:
    def without_pages(said: dict[str, Any]) -> None:
        said["subject"] = [one for one in said["subject"] if one["name"] != PAGE]

    assert _problems(_resigned(signed(), without_pages)) == {PAGE: "is not in the signed statement"}


def test_the_bundle_must_hold_the_same_as_the_envelope() -> None:
    other = build(msgspec.structs.replace(stored(), id="another"), signer=KeySigner(key()))
    assert _problems({**signed(), BUNDLE: other[BUNDLE]}) == {BUNDLE: "does not hold what evidence.intoto.jsonl holds"}


def test_the_statement_of_another_run_with_the_same_key_is_refused() -> None:
    other = build(msgspec.structs.replace(stored(), id="another"), signer=KeySigner(key()))
    mixed = {**signed(), ENVELOPE: other[ENVELOPE], BUNDLE: other[BUNDLE]}
    assert {"run.json", "manifest.json"} <= _problems(mixed).keys()


def test_the_schema_of_another_time_is_named() -> None:
    files = unsigned()
    later = files["run.json"].replace(b"seatrial.dev/run/v1", b"seatrial.dev/run/v9")
    assert (
        "reads 'seatrial.dev/run/v1'" in _problems(_relisted({**files, "run.json": later}), signature=False)["run.json"]
    )
    manifest = files["manifest.json"].replace(b"evidence-manifest/v1", b"evidence-manifest/v9")
    assert "evidence-manifest/v9" in _problems({**files, "manifest.json": manifest}, signature=False)["manifest.json"]
