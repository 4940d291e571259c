from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from seatrial.lab.forge.download import NotThere, checksum_of, downloaded
from seatrial.lab.forge.releases import Release
from seatrial.model.errors import BuildError
from seatrial.model.progress import Event, silent

PROGRAM = b"\x7fELF" + bytes(range(256)) * 64


class Mirror:
    """A file server that can cut a transfer short."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges: list[str] = []
        self.cut_at = 0
        self.url = ""

    def publish(self, name: str, content: bytes, checksum: str | None = None) -> None:
        self.files[name] = content
        self.files[f"{name}.sha256"] = (checksum or hashlib.sha256(content).hexdigest()).encode()

    def release(self, name: str, **programs: str) -> Release:
        return Release(url=f"{self.url}/{name}", checksum_url=f"{self.url}/{name}.sha256", programs=programs)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        content = self.files.get(request.path[1:])
        if content is None:
            raise web.HTTPNotFound
        asked = request.http_range
        self.ranges.append(request.headers.get("Range", ""))
        start = asked.start or 0
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(content) - start
        await response.prepare(request)
        if self.cut_at and not request.path.endswith(".sha256"):
            await response.write(content[start : self.cut_at])
            self.cut_at = 0
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(content[start:])
        return response


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    mirror = Mirror()
    app = web.Application()
    app.router.add_get("/{path:.*}", mirror.answer)
    async with TestServer(app) as server:
        mirror.url = str(server.make_url("")).rstrip("/")
        yield mirror


async def test_a_program_is_fetched_and_can_be_run(mirror: Mirror, told: list[Event]) -> None:
    mirror.publish("tool", PROGRAM)
    artifact = await downloaded("download x", (mirror.release("tool", tool=""),), tell=told.append)
    assert artifact.program("tool").read_bytes() == PROGRAM
    assert artifact.program("tool").stat().st_mode & 0o111
    assert artifact.origin.startswith("downloaded from 127.0.0.1")
    assert told[-1].fraction == 1.0


async def test_programs_are_taken_out_of_an_archive(mirror: Mirror) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("./bin/tool")
        entry.size = len(PROGRAM)
        tar.addfile(entry, io.BytesIO(PROGRAM))
    mirror.publish("tools.tgz", buffer.getvalue())
    artifact = await downloaded("download x", (mirror.release("tools.tgz", tool="./bin/tool"),), tell=silent)
    assert artifact.program("tool").read_bytes() == PROGRAM
    with pytest.raises(NotThere, match="no other"):
        await downloaded("download x", (mirror.release("tools.tgz", other="other"),), tell=silent)


async def test_a_transfer_that_broke_off_goes_on_where_it_was(mirror: Mirror, cache: Path) -> None:
    mirror.publish("tool", PROGRAM)
    mirror.cut_at = 5000
    release = mirror.release("tool", tool="")
    with pytest.raises(NotThere):
        await downloaded("download x", (release,), tell=silent)
    assert (await downloaded("download x", (release,), tell=silent)).program("tool").read_bytes() == PROGRAM
    assert mirror.ranges[-1] == "bytes=5000-"
    assert list(cache.joinpath("downloads").iterdir()) == []


async def test_a_file_with_another_checksum_is_removed_and_never_used(mirror: Mirror, cache: Path) -> None:
    mirror.publish("tool", PROGRAM, checksum="0" * 64)
    with pytest.raises(BuildError, match="was removed") as caught:
        await downloaded("download x", (mirror.release("tool", tool=""),), tell=silent)
    assert hashlib.sha256(PROGRAM).hexdigest() in caught.value.what
    assert list(cache.joinpath("downloads").iterdir()) == []
    assert list(cache.joinpath("artifacts").iterdir()) == []


async def test_a_file_that_is_not_published_is_not_there(mirror: Mirror) -> None:
    with pytest.raises(NotThere, match="404"):
        await downloaded("download x", (mirror.release("absent", tool=""),), tell=silent)


async def test_a_host_that_does_not_answer_is_not_there() -> None:
    closed = "http://127.0.0.1:1"
    release = Release(url=f"{closed}/tool", checksum_url=f"{closed}/tool.sha256", programs={"tool": ""})
    with pytest.raises(NotThere, match=r"127\.0\.0\.1"):
        await downloaded("download x", (release,), tell=silent)


@pytest.mark.parametrize(
    "text",
    [
        "{sha}",
        "{sha}\n",
        "{sha}  tool\n",
        "{sha} *tool\n",
        "{sha}  ./tool\n",
        "{other}  tools\n{sha}  tool\n{other}  x\n",
        "{upper}  tool",
    ],
)
def test_checksums_are_read_as_projects_write_them(text: str) -> None:
    sha, other = "ab" * 32, "cd" * 32
    assert checksum_of(text.format(sha=sha, other=other, upper=sha.upper()), "tool") == sha


@pytest.mark.parametrize("text", ["", "<html>", "ab" * 31, "ab" * 33, "{sha}  tool.sig", "x {sha}  tool"])
def test_what_is_no_checksum_is_not_taken_for_one(text: str) -> None:
    assert checksum_of(text.format(sha="ab" * 32), "tool") == ""


@given(st.text())
def test_reading_a_checksum_never_fails(text: str) -> None:
    assert checksum_of(text, "tool") == "" or len(checksum_of(text, "tool")) == 64
