"""Who vouches for a folder: somebody with a key, or somebody whom an identity provider knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from seatrial.attest import envelope as envelopes
from seatrial.attest.envelope import Envelope
from seatrial.attest.keys import PrivateKey, PublicKey
from seatrial.attest.layout import BUNDLE, ENVELOPE


class Problem(msgspec.Struct, frozen=True):
    where: str  # a file of the folder
    what: str


class Seal(msgspec.Struct, frozen=True):
    """A signed statement, in both forms in which it is written."""

    envelope: Envelope
    bundle: bytes


class Signer(Protocol):
    @property
    def who(self) -> str: ...

    def seal(self, content: bytes) -> Seal: ...


class Trust(Protocol):
    @property
    def who(self) -> str: ...

    def problems(self, seal: Seal) -> Iterator[Problem]:
        """Why the seal is not this one's; nothing where it is."""
        ...


class KeySigner(msgspec.Struct, frozen=True):
    key: PrivateKey

    @property
    def who(self) -> str:
        return f"the key {self.key.public.id}"

    def seal(self, content: bytes) -> Seal:
        one = envelopes.envelope(content, self.key.sign(envelopes.to_be_signed(content)))
        return Seal(one, envelopes.bundle(one, hint=self.key.public.hint))


class KeyTrust(msgspec.Struct, frozen=True):
    key: PublicKey

    @property
    def who(self) -> str:
        return f"the key {self.key.id}"

    def problems(self, seal: Seal) -> Iterator[Problem]:
        one = seal.envelope
        if not self.key.accepts(one.signature, one.signed):
            yield Problem(ENVELOPE, f"was not signed with {self.who}: another key signed it, or it was changed")
            return
        if seal.bundle != envelopes.bundle(one, hint=self.key.hint):
            yield Problem(BUNDLE, f"is not the bundle of what {ENVELOPE} holds: it was changed")
