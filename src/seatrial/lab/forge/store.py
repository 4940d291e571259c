"""Finished artifacts in the user's cache folder, each under the digest of all that it was made from.

An artifact appears whole or not at all, and is checked each time it is used: by size and time of change, and by its
sha256 when those differ or when the caller wants to be sure.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from seatrial.model.errors import BuildError
from seatrial.model.progress import Event, State, Tell

RECORD = "artifact.json"
_LOOK_AGAIN = 0.5


class Kept(msgspec.Struct, frozen=True):
    sha256: str
    size: int
    changed: int  # nanoseconds


class Artifact(msgspec.Struct, frozen=True):
    """A folder of finished files. ``bin`` holds programs; ``manifests`` what came with them."""

    folder: Path
    origin: str  # how it was had, for people

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    @property
    def manifests(self) -> Path:
        return self.folder / "manifests"


class _Record(msgspec.Struct, frozen=True):
    origin: str
    files: dict[str, Kept]


def cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "seatrial"


def digest(parts: Iterable[str | bytes | Path]) -> str:
    """One digest of words and of files, in order. Each part counts with its length, so none can run into the next."""
    total = hashlib.sha256()
    for part in parts:
        raw = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        total.update(f"{len(raw)}:".encode() + raw)
    return total.hexdigest()


def find(what: str, key: str, *, sure: bool, tell: Tell) -> Artifact | None:
    """The finished artifact, or ``None`` where there is none or it was damaged."""
    folder = _folder(what, key)
    try:
        record = msgspec.json.decode(folder.joinpath(RECORD).read_bytes(), type=_Record)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        damage = f"{RECORD} cannot be read: {error}"
    else:
        damage = _damage(folder, record, sure)
        if not damage:
            return Artifact(folder, record.origin)
    tell(Event(what, State.GOING, f"{folder} was damaged ({damage}) and is made again"))
    shutil.rmtree(folder)
    return None


async def make(
    what: str, key: str, fill: Callable[[Path], Awaitable[str]], *, sure: bool = False, tell: Tell
) -> Artifact:
    """Find the artifact or have ``fill`` put its files into an empty folder; ``fill`` returns how they were had."""
    async with _locked(what, key, tell):
        if found := find(what, key, sure=sure, tell=tell):
            return found
        try:
            with _workshop(what, key) as part:
                origin = await fill(part)
                _record(part, origin)
                part.rename(_folder(what, key))
        except OSError as error:
            raise BuildError(
                f"{what} could not be stored: {error}",
                way_out=f"make room in {cache()}, or point XDG_CACHE_HOME elsewhere",
            ) from error
    return Artifact(_folder(what, key), origin)


@contextlib.contextmanager
def _workshop(what: str, key: str) -> Iterator[Path]:
    """An empty folder beside the finished ones. What a killed process left of this artifact goes first."""
    parts = cache() / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    name = _folder(what, key).name
    for remains in parts.glob(f"{name}.*"):
        shutil.rmtree(remains, ignore_errors=True)  # a dying compiler may still write there
    part = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=parts))
    part.chmod(0o755)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)  # it is gone already when all went well


@contextlib.asynccontextmanager
async def _locked(what: str, key: str, tell: Tell) -> AsyncIterator[None]:
    locks = cache() / "locks"
    _folder(what, key).parent.mkdir(parents=True, exist_ok=True)
    locks.mkdir(parents=True, exist_ok=True)
    with locks.joinpath(_folder(what, key).name).open("w") as lock:
        waiting = False
        while not _try(lock.fileno()):
            if not waiting:
                tell(Event(what, State.GOING, "another command is making it; waiting"))
            waiting = True
            await asyncio.sleep(_LOOK_AGAIN)
        yield


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folder(what: str, key: str) -> Path:
    return cache() / "artifacts" / f"{what.replace(' ', '-')}-{key[:16]}"


def _files(folder: Path) -> Iterator[Path]:
    return (
        path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink() and path.name != RECORD
    )


def _record(folder: Path, origin: str) -> None:
    files = {str(path.relative_to(folder)): _look(path) for path in _files(folder)}
    folder.joinpath(RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(_Record(origin, files))))


def _look(path: Path) -> Kept:
    stat = path.stat()
    return Kept(_sha256(path), stat.st_size, stat.st_mtime_ns)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damage(folder: Path, record: _Record, sure: bool) -> str:
    for name, kept in record.files.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        stat = path.stat()
        if stat.st_size != kept.size:
            return f"{name} has {stat.st_size} bytes instead of {kept.size}"
        if (sure or stat.st_mtime_ns != kept.changed) and _sha256(path) != kept.sha256:
            return f"{name} has another sha256 than when it was made"
    return ""
