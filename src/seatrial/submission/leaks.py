"""Lines of a text that tell what must not be told: secrets, serial numbers, UUIDs of devices, addresses of machines.

A quick look finds the lines that could; ``kit.redact``, which keeps such things out of evidence, decides.
"""

from __future__ import annotations

import re
from bisect import bisect_right

import msgspec

from seatrial.kit.redact import without_credentials, without_identities

MOST = 100  # lines of one file that are looked at closely
_TOKENS = ("<token>", "<private key>", "<credentials>")
_LITERALS = (
    "-----begin", "ls0tls1", "eyj", "bearer ", "basic ", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hf_",
    "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "sk-", "npm_", "aiza", "nvapi-", "akia", "asia", "gpu-", "mig-", "cpu-", "nic-",
    "serial", "uuid", "guid", "wwn", "::",
)  # fmt: skip
# Each begins with a character that is not everywhere, so that looking for it is quick.
_SUSPECT = tuple(
    re.compile(pattern)
    for pattern in (
        r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        r":[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]{1,4}:",
        r"-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-",
        r":[0-9a-f]{2}\.[0-7]",
        r"ip-[0-9]",
        r"\.[a-z0-9]{16}\b",
        r"://[^\s/@:]+:[^\s/@]+@",
    )
)


class Leaks(msgspec.Struct, frozen=True):
    """Numbers of lines."""

    secrets: tuple[int, ...]
    identities: tuple[int, ...]


def leaks(text: str) -> Leaks:
    secrets, identities = [], []
    lines = text.split("\n")
    for number in _suspects(text.lower(), lines)[:MOST]:
        line = lines[number - 1]
        bare = without_credentials(line)
        if any(bare.count(token) > line.count(token) for token in _TOKENS):
            secrets.append(number)
        elif without_identities(bare) != bare:
            identities.append(number)
    return Leaks(tuple(secrets), tuple(identities))


def _suspects(text: str, lines: list[str]) -> list[int]:
    begins, at = [], 0
    for line in lines:
        begins.append(at)
        at += len(line) + 1
    places = {match.start() for pattern in _SUSPECT for match in pattern.finditer(text)}
    for literal in _LITERALS:
        place = text.find(literal)
        while place >= 0:
            places.add(place)
            place = text.find(literal, place + 1)
    return sorted({bisect_right(begins, place) for place in places})
