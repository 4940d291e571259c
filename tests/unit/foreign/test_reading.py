from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.foreign import archive, reading
from seatrial.foreign.archive import members
from seatrial.foreign.results import Suite
from seatrial.model.errors import UsageError
from tests.unit.foreign import samples

LOG = samples.ginkgo(*samples.conformance(1))
XML = samples.junit(*samples.conformance(1), name="Kubernetes e2e suite")


def write(folder: Path, data: bytes | str, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize(
    ("data", "suite", "cases"),
    [
        (samples.events((samples.GANG, "pass", 9)), Suite.AI, 1),
        (samples.GO_LOG, Suite.AI, 5),
        (samples.junit((samples.GANG, "pass")), Suite.AI, 1),
        (LOG, Suite.BASE, 1),
        ("\ufeff" + XML, Suite.BASE, 1),
        (samples.junit(("something", "pass"), name="mine"), Suite.OTHER, 1),
    ],
)
def test_a_format_is_told_by_what_is_in_the_file(data: bytes | str, suite: Suite, cases: int, tmp_path: Path) -> None:
    (results,) = reading.read(write(tmp_path, data))
    assert (results.suite, len(results.cases)) == (suite, cases)


def test_a_sonobuoy_tarball_says_which_cluster(tmp_path: Path) -> None:
    log, xml = reading.read(write(tmp_path, samples.sonobuoy(LOG, XML), "s.tar.gz"))
    assert log.file.endswith("s.tar.gz:plugins/e2e/results/global/e2e.log")
    for results in (log, xml):
        assert (results.identity.uid, results.identity.version) == (samples.UID, "v1.37.1")
        assert results.identity.nodes == {"worker-7", "worker-8"}


def test_a_broken_part_of_a_tarball_tells_nothing_of_the_cluster(tmp_path: Path) -> None:
    data = samples.tarball({"./e2e.log": LOG, "./serverversion.json": "[", "./resources/cluster/Nodes.json": "[[]]"})
    (results,) = reading.read(write(tmp_path, data))
    assert results.identity.version == "v1.37.1", "that of the log"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "is empty"),
        ("hello\n", "no results in a format"),
        (b"\x1f\x8bnonsense", "not a whole .tar.gz"),
        (samples.sonobuoy(LOG, XML)[:-300], "not a whole .tar.gz"),
        (gzip.compress(b"x" * 4096, mtime=0), "not a whole .tar.gz"),
        (samples.tarball({"other.txt": "x"}), "has no results"),
        (samples.tarball({"e2e.log": LOG, "./e2e.log": LOG}), "is in it twice"),
        (samples.tarball({"e2e.log": "hello"}), "e2e.log:1: no results"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(data: bytes | str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        reading.read(write(tmp_path, data))
    assert said in caught.value.what
    assert caught.value.way_out


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        reading.read(tmp_path / "nothing")


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = samples.tarball({"e2e.log": LOG, "huge": b"\0" * 200_000})
    assert len(packed) < 20_000
    monkeypatch.setattr(archive, "_UNPACKED", 100_000)
    with pytest.raises(UsageError, match="unpacks to more than"):
        reading.read(write(tmp_path, packed))
    with pytest.raises(UsageError, match="has 9 bytes"):
        members(samples.tarball({"e2e.log": b"123456789"}), file="f", wanted=bool, limit=8)
    monkeypatch.setattr(reading, "LIMIT", 10)
    with pytest.raises(UsageError, match="over 10 bytes"):
        reading.read(write(tmp_path, LOG))


@given(st.binary(max_size=700), st.integers(0, 700))
def test_no_archive_crashes_it(noise: bytes, at: int) -> None:
    plain = bytearray(gzip.decompress(samples.tarball({"e2e.log": "x"})))
    plain[at : at + len(noise)] = noise
    with contextlib.suppress(UsageError):
        members(gzip.compress(bytes(plain)), file="f", wanted=bool, limit=100)
