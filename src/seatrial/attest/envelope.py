"""DSSE: the envelope around a signed statement; and the same envelope in a Sigstore bundle, the form that cosign reads."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from seatrial.kit.digest import canonical_json

PAYLOAD = "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


class NotAnEnvelope(ValueError):
    """The bytes are not one envelope as seatrial writes it; says why."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    sig: str
    keyid: str = ""  # left empty: nobody vouches for it, and verifiers differ on how it is made


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"payload_type": "payloadType"}):
    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]

    @property
    def content(self) -> bytes:
        return base64.b64decode(self.payload, validate=True)

    @property
    def signed(self) -> bytes:
        """What the signature is over: DSSE's pre-authentication encoding."""
        return to_be_signed(self.content, self.payload_type)

    @property
    def signature(self) -> bytes:
        return base64.b64decode(self.signatures[0].sig, validate=True)


def to_be_signed(content: bytes, payload_type: str = PAYLOAD) -> bytes:
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(content), content)


def envelope(content: bytes, signature: bytes) -> Envelope:
    return Envelope(_text(content), PAYLOAD, (Signature(_text(signature)),))


def line(one: Envelope) -> bytes:
    """The file of envelopes, one on each line; here there is one."""
    return canonical_json(one) + b"\n"


def read(data: bytes) -> Envelope:
    """The envelope from its file. Only one spelling is taken, so that no byte of the file is without meaning."""
    try:
        one = msgspec.json.decode(data, type=Envelope)
        content = one.content
        if len(one.signatures) != 1:
            raise NotAnEnvelope(f"it holds {len(one.signatures)} signatures, and one is wanted")
        again = envelope(content, one.signature)
    except NotAnEnvelope:
        raise
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise NotAnEnvelope(f"it is not a DSSE envelope: {error}") from error
    if one.payload_type != PAYLOAD:
        raise NotAnEnvelope(f"its payload is {one.payload_type[:80]!r}, not {PAYLOAD!r}")
    if line(again) != data:
        raise NotAnEnvelope("it is not written as seatrial writes it: it was changed")
    return one


class _Bundle(msgspec.Struct, frozen=True):
    envelope: Envelope = msgspec.field(name="dsseEnvelope")


def held(bundle: bytes) -> Envelope:
    """The envelope that a Sigstore bundle holds, of whoever signed it. Again, only one spelling is taken."""
    try:
        if canonical_json(msgspec.json.decode(bundle)) + b"\n" == bundle:
            return msgspec.json.decode(bundle, type=_Bundle).envelope
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise NotAnEnvelope(f"it is not a Sigstore bundle: {error}") from error
    raise NotAnEnvelope("it is not written as seatrial writes it: it was changed")


def bundle(one: Envelope, *, hint: str) -> bytes:
    """A Sigstore bundle with nothing but the envelope, and a hint at the key."""
    value: dict[str, Any] = {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": hint}},
        "dsseEnvelope": one,
    }
    return canonical_json(value) + b"\n"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
