"""Whom findings are about."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.model.verdict import Finding

_NAMESPACES = "namespaces/"


def namespaces(findings: Iterable[Finding], *checks: str) -> list[str]:
    """The namespaces that fail these checks."""
    found = {one.subject for one in findings if one.check in checks}
    return sorted(subject.removeprefix(_NAMESPACES) for subject in found if subject.startswith(_NAMESPACES))
