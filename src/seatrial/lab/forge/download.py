"""Fetch published files, go on where an earlier try stopped, and believe nothing but the checksum."""

from __future__ import annotations

import asyncio
import hashlib
import re
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from seatrial.lab.forge import store
from seatrial.lab.forge.releases import Release
from seatrial.lab.forge.store import Artifact
from seatrial.model.errors import BuildError
from seatrial.model.progress import Event, State, Tell

# A host that can't be reached must not hold up the lab, which can build everything itself.
_PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=30)
_CHUNK = 1 << 20
_LONGEST_CHECKSUM_FILE = 1 << 20
_PARTIAL = 206
_NOTHING_LEFT = 416


class NotThere(Exception):
    """The file can't be had from here, for a reason that another way of having it gets around."""


async def downloaded(what: str, releases: tuple[Release, ...], *, tell: Tell, sure: bool = False) -> Artifact:
    """The programs of these releases, as one artifact. Raises ``NotThere`` when a host doesn't answer or lacks a file."""
    key = store.digest([part for release in releases for part in (release.url, *release.programs)])

    async def fill(folder: Path) -> str:
        folder.joinpath("bin").mkdir()
        async with _session() as session:
            for number, release in enumerate(releases):
                share = (number / len(releases), 1 / len(releases))
                archive = await _fetch(session, release, _tells(tell, what, release.file, *share))
                await asyncio.to_thread(_take, archive, release, folder / "bin")
                archive.unlink()
        return f"downloaded from {', '.join(sorted({_host(release.url) for release in releases}))}"

    return await store.make(what, key, fill, sure=sure, tell=tell)


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=_PATIENCE, trust_env=True, raise_for_status=False) as session:
        try:
            yield session
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotThere(str(error) or type(error).__name__) from error


def _tells(tell: Tell, what: str, file: str, start: float, share: float) -> Callable[[float], None]:
    return lambda fraction: tell(Event(what, State.GOING, file, start + share * fraction))


async def _fetch(session: aiohttp.ClientSession, release: Release, progress: Callable[[float], None]) -> Path:
    wanted = await _checksum(session, release)
    folder = store.cache() / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{wanted[:16]}-{release.file}"  # named by what it must become, so a new release starts anew
    await _complete(session, release.url, partial, progress)
    found = await asyncio.to_thread(_sha256, partial)
    if found != wanted:
        partial.unlink()
        raise BuildError(
            f"{release.url} has sha256 {found}, but {release.checksum_url} says {wanted}; the file was removed",
            way_out="try again; when it stays so, the mirror or the connection tampers with it: build instead, with SEATRIAL_SOURCES=build",
        )
    return partial


async def _complete(session: aiohttp.ClientSession, url: str, partial: Path, progress: Callable[[float], None]) -> None:
    have = await asyncio.to_thread(_size, partial)
    headers = {"Range": f"bytes={have}-"} if have else {}
    async with session.get(url, headers=headers) as answer:
        if answer.status == _NOTHING_LEFT:
            return  # all of it is here, or too much, which the checksum will tell
        if answer.status >= 400:
            raise NotThere(f"{url}: {answer.status} {answer.reason}")
        goes_on = answer.status == _PARTIAL
        have = have if goes_on else 0
        total = have + (answer.content_length or 0)
        with partial.open("ab" if goes_on else "wb") as file:
            async for chunk in answer.content.iter_chunked(_CHUNK):
                file.write(chunk)
                have += len(chunk)
                progress(min(1.0, have / total) if total else 0.0)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def _checksum(session: aiohttp.ClientSession, release: Release) -> str:
    async with session.get(release.checksum_url) as answer:
        if answer.status >= 400:
            raise NotThere(f"{release.checksum_url}: {answer.status} {answer.reason}")
        text = (await answer.content.read(_LONGEST_CHECKSUM_FILE)).decode(errors="replace")
    if found := checksum_of(text, release.file):
        return found
    raise NotThere(f"{release.checksum_url} holds no sha256 of {release.file}")


def checksum_of(text: str, file: str) -> str:
    """The sha256 of a file, from a list as ``sha256sum`` writes it or from a lone digest; "" when it isn't there."""
    for line in text.splitlines():
        match = re.fullmatch(r"([0-9a-fA-F]{64})(?:\s+\*?(\S+))?\s*", line)
        if match and match[2] in (None, file, f"./{file}"):
            return match[1].lower()
    return ""


def _take(archive: Path, release: Release, folder: Path) -> None:
    """Put the programs of a file that has passed its checksum into a folder."""
    for program, member in release.programs.items():
        target = folder / program
        target.write_bytes(_member(archive, member) if member else archive.read_bytes())
        target.chmod(0o755)


def _member(archive: Path, name: str) -> bytes:
    try:
        with tarfile.open(archive) as tar:
            file = tar.extractfile(name)
            if file is None:
                raise NotThere(f"{name} in {archive.name} is not a file")
            return file.read()
    except (KeyError, tarfile.TarError) as error:
        raise NotThere(f"{archive.name} holds no {name}: {error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _host(url: str) -> str:
    return url.split("/")[2]
