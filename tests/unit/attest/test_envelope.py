import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.attest import envelope as envelopes
from seatrial.attest.envelope import NotAnEnvelope
from seatrial.attest.statement import PREDICATE, STATEMENT
from tests.unit.attest.scene import key, signed

GOOD = envelopes.line(envelopes.envelope(b"{}", b"signature"))


def test_what_is_signed_is_what_the_specification_says() -> None:
    wanted = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert envelopes.to_be_signed(b"hello world", "http://example.com/HelloWorld") == wanted


@given(st.binary(max_size=200), st.binary(max_size=80))
def test_an_envelope_comes_back_as_it_went(content: bytes, signature: bytes) -> None:
    one = envelopes.read(envelopes.line(envelopes.envelope(content, signature)))
    assert (one.content, one.signature) == (content, signature)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a DSSE envelope"),
        (GOOD[:-10], "not a DSSE envelope"),
        (b"[" * 5000, "not a DSSE envelope"),
        (GOOD.replace(b'"payload"', b'"Payload"'), "not a DSSE envelope"),
        (GOOD.replace(b"in-toto", b"in-tutu"), "not 'application/vnd.in-toto"),
        (GOOD.rstrip(), "not written as seatrial writes it"),
        (GOOD + GOOD, "not a DSSE envelope"),
        (
            GOOD.replace(b'"e30="', b'"e31="'),
            "not written as seatrial writes it",
        ),  # the last bits mean nothing in base64
        (GOOD.replace(b'"e30="', '"é30="'.encode()), "not a DSSE envelope"),
        (GOOD.replace(b'"sig"', b'"keyid":"x","sig"'), "not written as seatrial writes it"),
        (b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}\n', "holds 0 signatures"),
    ],
)
def test_anything_else_is_no_envelope(data: bytes, why: str) -> None:
    with pytest.raises(NotAnEnvelope, match=why):
        envelopes.read(data)


def test_the_statement_names_every_file_and_sums_up_the_run() -> None:
    files = signed()
    one = envelopes.read(files["evidence.intoto.jsonl"])
    said = json.loads(one.content)
    assert (said["_type"], said["predicateType"]) == (STATEMENT, PREDICATE)
    named = [subject["name"] for subject in said["subject"]]
    assert named == sorted(files.keys() - {"evidence.intoto.jsonl", "bundle.sigstore.json"})
    assert all(set(subject["digest"]) == {"sha256"} for subject in said["subject"])
    predicate = said["predicate"]
    assert predicate["schema"] == PREDICATE
    assert predicate["environment"]["simulated"] is True
    assert predicate["environment"]["cluster"]["uid"] == "0b7f7a52-6a1e-4a39-9f6e-0c6f0e4c2d11"
    assert {one["id"]: one["outcome"] for one in predicate["requirements"]}["gang_scheduling"] == "pass"
    assert [one["id"] for one in predicate["records"]] == ["e1", "e2", "e3", "e4"]


def test_the_bundle_holds_the_same_envelope_and_hints_at_the_key() -> None:
    files = signed()
    bundle = json.loads(files["bundle.sigstore.json"])
    assert bundle["dsseEnvelope"] == json.loads(files["evidence.intoto.jsonl"])
    assert bundle["verificationMaterial"] == {"publicKey": {"hint": key().public.hint}}
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
