"""Signing as an identity, as far as that goes without a network: the library is real, its services are not there."""

from __future__ import annotations

import base64
import importlib.util
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sigstore")

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from sigstore import dsse, oidc
from sigstore.errors import TUFError
from sigstore.models import ClientTrustConfig
from sigstore.sign import SigningContext

from seatrial.attest.build import build
from seatrial.attest.keyless import IdentitySigner, IdentityTrust
from seatrial.attest.verify import inspect
from seatrial.model.errors import CannotJudge, UsageError
from tests.unit.attest.scene import signed, stored

BUNDLE = "bundle.sigstore.json"
TRUST = IdentityTrust("me@example.com", "https://issuer.example")


def _token(**more: object) -> str:
    now = int(time.time())
    claims = {"aud": "sigstore", "iss": "https://issuer.example", "sub": "me", "iat": now, "nbf": now, "exp": now + 600}
    parts = ({"alg": "none"}, {**claims, **more})
    return ".".join(
        [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts] + ["eA"]
    )


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(oidc, "detect_credential", _token)


class _Bundle:
    def __init__(self, envelope: dsse.Envelope) -> None:
        self._envelope = envelope

    def to_json(self) -> str:
        envelope = json.loads(self._envelope.to_json())
        return json.dumps({"verificationMaterial": {}, "mediaType": "m", "dsseEnvelope": envelope}, indent=1)


class _Services:
    """In the place of Fulcio and Rekor: signs with the library's own code, and certifies nothing."""

    @contextmanager
    def signer(self, token: oidc.IdentityToken) -> Iterator[_Services]:
        assert token.identity == "me"
        yield self

    def sign_dsse(self, statement: dsse.Statement) -> _Bundle:
        return _Bundle(dsse._sign(ec.generate_private_key(ec.SECP256R1()), statement))


@pytest.fixture
def services(identity: None, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = ClientTrustConfig.production
    monkeypatch.setattr(ClientTrustConfig, "production", lambda offline=True: packaged(offline=True))
    monkeypatch.setattr(SigningContext, "from_trust_config", lambda _: _Services())


def test_without_the_library_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="need the library sigstore") as error:
        IdentitySigner()
    assert "seatrial[keyless]" in error.value.way_out


def test_without_an_identity_nothing_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "detect_credential", lambda: None)
    with pytest.raises(UsageError, match="no ambient identity") as error:
        IdentitySigner()
    assert "--key" in error.value.way_out


@pytest.mark.parametrize("token", ["", "rubbish", _token(exp=1), _token(aud="another")])
def test_an_identity_that_is_of_no_use_is_refused(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "detect_credential", lambda: token)
    with pytest.raises(UsageError, match="is of no use"):
        IdentitySigner()


@pytest.mark.parametrize(
    "error", [TUFError("no way"), requests.ConnectionError("no route"), OSError("disk"), ValueError()]
)
def test_services_that_are_not_there_are_no_verdict(
    error: Exception, identity: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def production() -> None:
        raise error

    monkeypatch.setattr(ClientTrustConfig, "production", production)
    with pytest.raises(CannotJudge, match=f"Sigstore did not sign: {type(error).__name__}"):
        IdentitySigner().seal(b"{}")


def test_the_library_takes_our_statement_and_we_take_its_bundle(services: None) -> None:
    files = build(stored(), signer=IdentitySigner())
    assert inspect(files, None).problems == ()
    assert json.loads(files[BUNDLE])["mediaType"] == "m"
    assert "NOT SIGNED" not in files["README.md"].decode()


def test_who_signs_is_said(identity: None) -> None:
    assert IdentitySigner().who == "me, known to https://issuer.example"


@pytest.mark.parametrize("which", ["key", "uncertified"])
def test_what_sigstore_did_not_certify_is_not_verified(which: str, services: None) -> None:
    files = signed() if which == "key" else build(stored(), signer=IdentitySigner())
    problems = inspect(files, TRUST).problems
    assert [one.where for one in problems] == [BUNDLE]
    assert "was not signed by me@example.com, known to https://issuer.example" in problems[0].what


@pytest.mark.parametrize("bundle", [b"", b"{}", b"[]\n", b"\xff", b"[" * 5000])
def test_rubbish_is_a_problem(bundle: bytes, identity: None) -> None:
    files: dict[str, Any] = {**signed(), BUNDLE: bundle}
    assert BUNDLE in {one.where for one in inspect(files, TRUST).problems}
