"""A Run in a few lines for somebody who decides: each domain with what could not be judged first, then what fails, then what holds."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from seatrial.model.verdict import Severity
from seatrial.report.outline import NEEDS_WORK, Outline, Shown, Standing

_GRAVE = (Severity.CRITICAL, Severity.HIGH)


class DomainScore(msgspec.Struct, frozen=True, kw_only=True):
    """Checks, not objects: one that fails for a hundred pods fails once."""

    title: str
    unknown: int
    failed: int
    grave: int  # of those that fail, the critical and high ones
    accepted: int
    passed: int

    @property
    def score(self) -> int | None:
        """Of a hundred checks that concern this platform, how many hold; what could not be judged does not."""
        whole = self.unknown + self.failed + self.accepted + self.passed
        return None if not whole else 100 * self.passed // whole


def scores(shape: Outline) -> tuple[DomainScore, ...]:
    """In the order of their names; a Run that does not say to which domains its checks belong has none."""
    by_domain: dict[str, dict[str, list[Shown]]] = defaultdict(lambda: defaultdict(list))
    for topic in shape.topics:
        for shown in topic.shown:
            page = shape.run.pages.get(shown.finding.check)
            if page is not None and page.domain:
                by_domain[page.domain][shown.finding.check].append(shown)
    return tuple(_score(title, checks) for title, checks in sorted(by_domain.items()))


def _score(title: str, checks: dict[str, list[Shown]]) -> DomainScore:
    worst = [min(shown, key=lambda one: list(Standing).index(one.standing)) for shown in checks.values()]
    failed = [one for one in worst if one.standing is Standing.FAIL]
    return DomainScore(
        title=title,
        unknown=sum(one.standing in NEEDS_WORK for one in worst) - len(failed),
        failed=len(failed),
        grave=sum(one.finding.severity in _GRAVE for one in failed),
        accepted=sum(one.standing is Standing.ACCEPTED for one in worst),
        passed=sum(one.standing is Standing.PASS for one in worst),
    )
