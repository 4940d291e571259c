"""Credential plugins: programs that print who we are to the API server (``client.authentication.k8s.io``)."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from seatrial.cluster.credentials import Identity, PluginSpec, bearer, require_valid
from seatrial.kit import redact, text
from seatrial.kit.clock import Clock
from seatrial.model.errors import Refused, UsageError

_SECONDS = 60.0
_LARGEST = 1 << 20
_EARLY = dt.timedelta(seconds=10)  # a credential this close to its end is renewed first


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: dt.datetime | None = None


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    status: _Status | None = None


class Plugin:
    """A program that prints an ExecCredential. Asked once, then again when what it said expires or is refused."""

    def __init__(
        self,
        spec: PluginSpec,
        *,
        folder: Path,
        where: str,
        cluster: Mapping[str, Any],
        env: Mapping[str, str],
        clock: Clock,
    ) -> None:
        if spec.api_version not in ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"):
            raise UsageError(
                f"{where}: the credential plugin {text.one_line(spec.command)!r} speaks {spec.api_version!r}, which is not supported",
                way_out="use client.authentication.k8s.io/v1 or v1beta1; newer versions of the plugin do",
            )
        if spec.interactive_mode == "Always":
            raise UsageError(
                f"{where}: the credential plugin {text.one_line(spec.command)!r} wants a terminal (interactiveMode: Always)",
                way_out="log in with the plugin first, or use a credential that needs no terminal",
            )
        self._spec, self._folder, self._cluster, self._env, self._clock = spec, folder, cluster, env, clock
        self._who = f"{where}: the credential plugin {text.one_line(spec.command)!r}"
        self._asking = asyncio.Lock()
        self._identity: Identity | None = None
        self._expires: dt.datetime | None = None

    async def identity(self) -> Identity:
        async with self._asking:
            if self._identity is None or (self._expires and self._clock.now() + _EARLY >= self._expires):
                self._identity, self._expires = self._read(await self._ask())
            return self._identity

    async def renew(self, stale: Identity) -> bool:
        async with self._asking:
            if self._identity == stale:
                self._identity = None
        return await self.identity() != stale

    async def _ask(self) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                self._program(),
                *self._spec.args,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(),
                limit=_LARGEST,
            )
        except (OSError, ValueError) as error:
            hint = text.safe(self._spec.install_hint).strip()
            raise UsageError(
                f"{self._who} cannot be started: {error}",
                way_out=hint or f"install {self._spec.command} and put it on PATH",
            ) from error
        try:
            async with asyncio.timeout(_SECONDS):
                out, err = await asyncio.gather(_read_some(process.stdout), _read_some(process.stderr))
                code = await process.wait()
        except TimeoutError as error:
            raise Refused(f"{self._who} took more than {_SECONDS:.0f} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code != 0:
            said = redact.without_credentials(text.one_line(err.decode(errors="replace")))
            raise Refused(
                f"{self._who} ended with code {code}: {said or 'it said nothing'}",
                way_out=text.safe(self._spec.install_hint).strip() or "log in again with the tool that it belongs to",
            )
        return out

    def _program(self) -> str:
        command = self._spec.command
        return str(self._folder / command) if "/" in command else command

    def _environment(self) -> dict[str, str]:
        spec: dict[str, Any] = {"interactive": False}
        if self._spec.provide_cluster_info:
            spec["cluster"] = dict(self._cluster)
        info = {"apiVersion": self._spec.api_version, "kind": "ExecCredential", "spec": spec}
        added = {item["name"]: item.get("value", "") for item in self._spec.env if "name" in item}
        return {**self._env, **added, "KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}

    def _read(self, answer: bytes) -> tuple[Identity, dt.datetime | None]:
        where = self._who
        try:
            said = msgspec.json.decode(answer, type=_Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # never show what it printed
            raise Refused(f"{where} did not print an ExecCredential: {error}") from error
        status = said.status or _Status()
        if said.kind != "ExecCredential" or said.api_version != self._spec.api_version:
            raise Refused(
                f"{where} printed {text.one_line(said.api_version, limit=80)} {text.one_line(said.kind, limit=80)}"
                f" where {self._spec.api_version} ExecCredential was asked for"
            )
        if not status.token and not (status.client_certificate_data and status.client_key_data):
            raise Refused(f"{where} gave neither a token nor a client certificate with its key")
        if status.client_certificate_data:
            require_valid(status.client_certificate_data.encode(), where, self._clock.now())
        expires = status.expiration_timestamp
        if expires is not None and expires.tzinfo is None:
            expires = expires.replace(tzinfo=dt.UTC)
        identity = Identity(
            bearer(status.token, where) if status.token else "",
            status.client_certificate_data.encode(),
            status.client_key_data.encode(),
        )
        return identity, expires


async def _read_some(stream: asyncio.StreamReader | None) -> bytes:
    """Up to the limit; what comes after it is read and dropped, so that the program can end."""
    kept = b""
    while stream is not None and (chunk := await stream.read(65536)):
        kept = (kept + chunk)[:_LARGEST]
    return kept
