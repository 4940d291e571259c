"""Signing without a key of one's own: an identity provider says who it is, Sigstore certifies and logs it.

The library is heavy, so it is imported when it is used, and it is an extra of the package.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from seatrial.attest.envelope import PAYLOAD, held
from seatrial.attest.layout import BUNDLE, ENVELOPE
from seatrial.attest.seal import Problem, Seal
from seatrial.kit.digest import canonical_json
from seatrial.model.errors import CannotJudge, UsageError


class IdentitySigner:
    """Signs as whoever the surroundings say we are: a CI job with an identity token."""

    def __init__(self) -> None:
        _need_library()
        from sigstore.oidc import IdentityError, IdentityToken, detect_credential

        way_out = "run it in a CI job that may write id-token, or sign with --key"
        try:
            credential = detect_credential()
            if credential is None:
                raise UsageError("nothing here says who signs: there is no ambient identity", way_out=way_out)
            self._token = IdentityToken(credential)
        except IdentityError as error:
            raise UsageError(f"the ambient identity is of no use: {error}", way_out=way_out) from error

    @property
    def who(self) -> str:
        return f"{self._token.identity}, known to {self._token.federated_issuer}"

    def seal(self, content: bytes) -> Seal:
        from sigstore.dsse import Statement
        from sigstore.models import ClientTrustConfig
        from sigstore.sign import SigningContext

        with _translated():
            context = SigningContext.from_trust_config(ClientTrustConfig.production())
            with context.signer(self._token) as signer:
                signed = signer.sign_dsse(Statement(content)).to_json()
        written = canonical_json(msgspec.json.decode(signed)) + b"\n"
        return Seal(held(written), written)


class IdentityTrust(msgspec.Struct, frozen=True):
    identity: str
    issuer: str

    @property
    def who(self) -> str:
        return f"{self.identity}, known to {self.issuer}"

    def problems(self, seal: Seal) -> Iterator[Problem]:
        _need_library()
        from sigstore.errors import Error
        from sigstore.models import Bundle
        from sigstore.verify import Verifier
        from sigstore.verify.policy import Identity

        try:
            policy = Identity(identity=self.identity, issuer=self.issuer)
            kind, content = Verifier.production(offline=True).verify_dsse(Bundle.from_json(seal.bundle), policy)
        except (Error, ValueError) as error:
            yield Problem(BUNDLE, f"was not signed by {self.who}: {error}")
            return
        if kind != PAYLOAD or content != seal.envelope.content:
            yield Problem(BUNDLE, f"signs something else than {ENVELOPE} holds")


def _need_library() -> None:
    if importlib.util.find_spec("sigstore") is None:
        raise UsageError(
            "keyless signatures need the library sigstore, which is not installed",
            way_out="pip install 'seatrial[keyless]', or use --key",
        )


@contextmanager
def _translated() -> Iterator[None]:
    """The library lets errors of its HTTP client through, which are OSErrors, and has some of its own without a parent."""
    from sigstore._internal.fulcio.client import ExpiredCertificate, FulcioClientError
    from sigstore._internal.rekor import RekorClientError
    from sigstore.errors import Error
    from sigstore.oidc import ExpiredIdentity

    try:
        yield
    except (
        Error,
        FulcioClientError,
        RekorClientError,
        ExpiredCertificate,
        ExpiredIdentity,
        OSError,
        ValueError,
    ) as error:
        raise CannotJudge(
            f"Sigstore did not sign: {type(error).__name__}: {error}",
            way_out="is the internet reachable from here? `--key` signs without it",
        ) from error
