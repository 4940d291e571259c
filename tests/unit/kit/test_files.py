from __future__ import annotations

import threading
from pathlib import Path

import pytest

from seatrial.kit import files


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    files.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    files.write(path, b"for all", mode=0o644)
    assert path.stat().st_mode & 0o777 == 0o644


def test_after_an_error_all_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def half() -> None:
        with files.replacing(path) as file:
            file.write(b"half of")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_while_it_is_written_only_we_can_read_it(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "f", mode=0o644) as file:
        file.write(b"x")
        (scratch,) = tmp_path.iterdir()
        assert scratch.stat().st_mode & 0o777 == 0o600


def test_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    def try_it() -> None:
        with files.locked(path, wait=False):
            pass

    with files.locked(path), pytest.raises(BlockingIOError):
        try_it()
    try_it()


def test_a_waiter_gets_the_lock_afterwards(tmp_path: Path) -> None:
    order: list[str] = []

    def wait() -> None:
        with files.locked(tmp_path / "lock"):
            order.append("second")

    with files.locked(tmp_path / "lock"):
        waiter = threading.Thread(target=wait)
        waiter.start()
        order.append("first")
    waiter.join(5)
    assert order == ["first", "second"]
