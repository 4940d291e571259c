"""Where one lab lives: its folder, its ports, its addresses. Chosen once, kept in ``lab.json``, gone with the lab."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from seatrial.kit import files
from seatrial.model.errors import LabError, UsageError
from seatrial.model.lab import LabLevel, LabSpec

FIRST_PORT, LAST_PORT = 20000, 29999  # below the ports that kernels hand to clients
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The choices that last as long as the lab. Everything else follows from them and the spec."""

    spec: LabSpec
    faults: tuple[str, ...] = ()
    slot: int  # labs side by side take different slots; addresses follow from it
    ports: dict[str, int]
    programs: dict[str, str]  # program → path
    manifests: dict[str, str] = {}  # system → folder with its module's own files
    base: LabSpec  # as asked for; ``spec`` is that with the faults

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def root(self) -> Path:
        return folder(self.name)

    def path(self, *parts: str) -> Path:
        return self.root.joinpath(*parts)

    @property
    def host_address(self) -> str:
        """Where the API server listens: loopback, or this host's end of the cable to the node."""
        return f"10.213.{self.slot}.1" if self.spec.level is LabLevel.NODE else "127.0.0.1"

    @property
    def node_address(self) -> str:
        return f"10.213.{self.slot}.2"

    @property
    def pod_range(self) -> str:
        return f"10.214.{self.slot}.0/24"

    @property
    def service_range(self) -> str:
        return f"10.215.{self.slot}.0/24"

    @property
    def first_service(self) -> str:
        return f"10.215.{self.slot}.1"

    @property
    def server(self) -> str:
        return f"https://{self.host_address}:{self.ports['kube-apiserver']}"

    @property
    def kubeconfig(self) -> Path:
        return self.path("kubeconfig")

    def program(self, name: str) -> str:
        try:
            return self.programs[name]
        except KeyError:
            raise LabError(
                f"the lab has no program {name!r}", way_out="run `seatrial lab down` and `seatrial lab up`"
            ) from None

    def save(self) -> None:
        files.write(self.path("lab.json"), msgspec.json.format(msgspec.json.encode(self)))


def labs() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "seatrial" / "labs"


def folder(name: str) -> Path:
    return labs() / name


def check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a lab",
            way_out="use up to 20 of a-z, 0-9 and '-', starting and ending with a letter or digit",
        )
    return name


def names() -> tuple[str, ...]:
    """Every lab that left a folder, whole or not."""
    if not labs().is_dir():
        return ()
    return tuple(sorted(entry.name for entry in labs().iterdir() if entry.is_dir()))


def load(name: str) -> Site | None:
    """The lab's record, or ``None`` where there is no lab of that name, or only the remains of one."""
    try:
        return msgspec.json.decode(folder(name).joinpath("lab.json").read_bytes(), type=Site)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, OSError) as error:
        raise LabError(
            f"the record of lab {name!r} cannot be read: {error}",
            way_out=f"remove what is left of it: seatrial lab down --name {name}",
        ) from error


def need(name: str) -> Site:
    site = load(check_name(name))
    if site is None:
        there = ", ".join(names()) or "none"
        raise UsageError(f"there is no lab {name!r} (labs: {there})", way_out="start one: seatrial lab up")
    return site


class Busy(LabError):
    """Another command holds the lab's lock."""


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """One command at a time may change a lab; the lock goes with the process that holds it, and its file with the lab."""
    labs().mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = labs() / f".{name}.lock"
    try:
        with files.locked(lock, wait=False):
            try:
                yield
            finally:
                if not folder(name).exists():
                    lock.unlink(missing_ok=True)
    except BlockingIOError as error:
        raise Busy(f"another command is changing lab {name!r}", way_out="wait for it, or use another --name") from error


@contextlib.contextmanager
def choosing() -> Iterator[None]:
    """Labs that start at the same moment choose one after the other, each when the choice of the last is written down."""
    folder = os.open(labs(), os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)  # lets the lock go, too


def free_slot(name: str) -> int:
    taken = {other.slot for other in _others(name)}
    return next(slot for slot in range(100) if slot not in taken and _address_is_free(slot))


def free_ports(name: str, wanted: Iterable[str], kept: Mapping[str, int]) -> dict[str, int]:
    """A port for each wanted name; those that the lab has already stay."""
    missing = [port for port in wanted if port not in kept]
    taken = {port for other in _others(name) for port in other.ports.values()} | set(kept.values())
    return {**kept, **dict(zip(missing, _free_ports(len(missing), taken), strict=True))}


def _others(name: str) -> list[Site]:
    return [other for one in names() if one != name and (other := load_if_sound(one)) is not None]


def load_if_sound(name: str) -> Site | None:
    """The lab's record, or ``None`` where it is missing or spoilt."""
    try:
        return load(name)
    except LabError:
        return None


def _address_is_free(slot: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((f"10.213.{slot}.1", 0))
        except OSError:
            return True  # no interface of this host has it
        return False


def _free_ports(count: int, taken: set[int]) -> list[int]:
    found: list[int] = []
    for port in range(FIRST_PORT, LAST_PORT):
        if len(found) == count:
            return found
        if port not in taken and _port_is_free(port):
            found.append(port)
    raise LabError(f"no {count} free ports between {FIRST_PORT} and {LAST_PORT}", way_out="stop what occupies them")


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def wipe(name: str) -> None:
    if folder(name).exists():
        shutil.rmtree(folder(name))
