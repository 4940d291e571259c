"""The order in which every face tells a Run: what failed, what could not be judged, what nothing covers, what passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from seatrial.model.evidence import Evidence
from seatrial.model.fact import Gap, GapReason
from seatrial.model.run import Environment, EnvironmentKind, Page, Run
from seatrial.model.standard import RequirementResult
from seatrial.model.verdict import Finding, Outcome, Severity


class Standing(StrEnum):
    """An Outcome as a reader meets it, worst first: it tells what could not be judged from what nobody judges."""

    FAIL = "fail"
    ERROR = "error"
    UNKNOWN = "unknown"
    NOT_COVERED = "not-covered"
    ACCEPTED = "accepted"  # it fails, and somebody answers for that until a day
    NOT_GIVEN = "not-given"  # files alone do not tell
    PASS = "pass"
    NOT_APPLICABLE = "not-applicable"


class Words(msgspec.Struct, frozen=True):
    mark: str
    label: str
    counted: str
    heading: str


WORDS: Mapping[Standing, Words] = {
    Standing.FAIL: Words("✗", "FAIL", "failed", "Failed"),
    Standing.ERROR: Words("!", "ERROR", "broke", "Broke while checking"),
    Standing.UNKNOWN: Words("?", "UNKNOWN", "could not be judged", "Could not be judged"),
    Standing.NOT_COVERED: Words("○", "NOT COVERED", "not covered", "Not covered by any check"),
    Standing.ACCEPTED: Words("~", "ACCEPTED", "accepted", "Accepted until a day"),
    Standing.NOT_GIVEN: Words("·", "NOT IN THE FILES", "not told by the files", "What the files do not tell"),
    Standing.PASS: Words("✓", "PASS", "passed", "Passed"),
    Standing.NOT_APPLICABLE: Words("–", "NOT APPLICABLE", "not applicable", "Not applicable"),
}

NEEDS_WORK = (Standing.FAIL, Standing.ERROR, Standing.UNKNOWN)

SIMULATED: Mapping[bool | None, str] = {
    True: "SIMULATED ACCELERATORS: nothing here was shown on real accelerators.",
    None: "ACCELERATORS OF UNKNOWN KIND: nothing tells whether they are real or simulated.",
}

ABSENT: Mapping[GapReason, str] = {
    GapReason.ABSENT: "Not served here",
    GapReason.NOT_GIVEN: "Not among the files",
}

PLACES: Mapping[EnvironmentKind, str] = {
    EnvironmentKind.LIVE: "live cluster",
    EnvironmentKind.LAB: "lab",
    EnvironmentKind.SNAPSHOT: "snapshot",
    EnvironmentKind.IMPORTED: "imported results",
    EnvironmentKind.MANIFESTS: "manifests",
}


class Shown(msgspec.Struct, frozen=True):
    """A Finding with the Evidence that it names."""

    finding: Finding
    evidence: Evidence | None

    @property
    def standing(self) -> Standing:
        if self.finding.accepted is not None:
            return Standing.ACCEPTED
        if self.finding.outcome is Outcome.UNKNOWN and self.finding.seen.get("reason") == GapReason.NOT_GIVEN:
            return Standing.NOT_GIVEN
        return Standing(self.finding.outcome)

    @property
    def needs_work(self) -> bool:
        return self.standing in NEEDS_WORK

    @property
    def because(self) -> str:
        """With who answers for it, where somebody does, and the place in a file, where it has one."""
        finding, accepted = self.finding, self.finding.accepted
        place = f"{finding.place}: " if finding.place and self.standing in (*NEEDS_WORK, Standing.ACCEPTED) else ""
        who = f" Accepted by {accepted.owner} until {accepted.until}: {accepted.why}" if accepted else ""
        return f"{place}{finding.because}{who}"


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a Run answers: a requirement, once for all versions that ask for it, or a check that none asks for."""

    standing: Standing
    name: str
    asked: tuple[RequirementResult, ...] = ()
    because: str = ""
    shown: tuple[Shown, ...] = ()
    page: Page | None = None  # of the check, where the topic is one

    @property
    def severity(self) -> Severity:
        """The worst of what stands as the topic does."""
        return min(
            (one.finding.severity for one in self.shown if one.standing is self.standing),
            key=_weight,
            default=Severity.INFO,
        )

    @property
    def fix(self) -> str:
        """What mends all of it, where that is one thing."""
        fixes = {one.finding.fix for one in self.shown if one.needs_work and one.finding.fix}
        return fixes.pop() if len(fixes) == 1 else ""

    @property
    def own_words(self) -> str:
        """Why it stands so, where the findings below do not say just that. Why it passes in spite of one is worth saying."""
        repeats = any(shown.finding.because in self.because for shown in self.shown)
        return "" if repeats and self.standing is not Standing.PASS else self.because

    @property
    def levels(self) -> str:
        return ", ".join(dict.fromkeys(one.level for one in self.asked))

    @property
    def standards(self) -> tuple[str, ...]:
        return tuple(f"{one.standard}@{one.version}" for one in self.asked)

    @property
    def asked_by(self) -> str:
        """``MUST in cncf-ai 1.34 1.35, SHOULD in cncf-ai 1.33``."""
        levels: dict[str, list[RequirementResult]] = {}
        for one in self.asked:
            levels.setdefault(one.level, []).append(one)
        return ", ".join(f"{level} in {versions(asked)}" for level, asked in levels.items())


class Outline(msgspec.Struct, frozen=True):
    run: Run
    topics: tuple[Topic, ...]  # worst first

    @property
    def counts(self) -> dict[Standing, int]:
        found = Counter(topic.standing for topic in self.topics)
        return {standing: found[standing] for standing in Standing if found[standing]}

    @property
    def verdict(self) -> Standing:
        """The worst standing; a Run in which nothing passed is not a pass."""
        present = self.counts
        worst = [standing for standing in NEEDS_WORK if standing in present]
        if worst:
            return worst[0]
        return Standing.PASS if Standing.PASS in present else Standing.UNKNOWN

    @property
    def headline(self) -> str:
        return ", ".join(f"{count} {WORDS[standing].counted}" for standing, count in self.counts.items()) or (
            "nothing was judged"
        )

    @property
    def caveat(self) -> str:
        return SIMULATED.get(self.run.environment.simulated, "")

    @property
    def unread(self) -> tuple[Gap, ...]:
        """What could not be read; what is not there is not among it."""
        return tuple(gap for gap in self.run.gaps if gap.reason not in ABSENT)

    @property
    def not_there(self) -> dict[str, list[str]]:
        """Resources that are not served, and those of which the files have none: their names, under what they are."""
        found = {
            words: sorted(gap.resource for gap in self.run.gaps if gap.reason is reason)
            for reason, words in ABSENT.items()
        }
        return {words: names for words, names in found.items() if names}

    @property
    def seconds(self) -> float:
        return (self.run.finished_at - self.run.started_at).total_seconds()

    def standing_at(self, standing: Standing) -> tuple[Topic, ...]:
        return tuple(topic for topic in self.topics if topic.standing is standing)


def outline(run: Run) -> Outline:
    evidence = {record.id: record for record in run.evidence}
    by_check: dict[str, list[Shown]] = {}
    for finding in run.findings:
        by_check.setdefault(finding.check, []).append(Shown(finding, evidence.get(finding.evidence)))
    asked = {check for result in run.requirements for check in result.checks}
    alike: dict[tuple[object, ...], list[RequirementResult]] = {}
    for result in run.requirements:
        key = (result.standard, result.id, _standing(result), result.because, result.checks)
        alike.setdefault(key, []).append(result)
    topics = [
        *(_requirement(results, by_check) for results in alike.values()),
        *(_check(check, shown, run.pages.get(check)) for check, shown in by_check.items() if check not in asked),
    ]
    return Outline(run, tuple(_worst_first(topics)))


def place(environment: Environment) -> str:
    """Where the Run looked: ``lab default``, ``live cluster prod-eu``."""
    return f"{PLACES[environment.kind]} {environment.name}".rstrip()


def versions(asked: Iterable[RequirementResult]) -> str:
    """``cncf-ai 1.34 1.35``."""
    found: dict[str, dict[str, None]] = {}
    for one in asked:
        found.setdefault(one.standard, {})[one.version] = None
    return ", ".join(f"{standard} {' '.join(those)}" for standard, those in found.items())


def _requirement(alike: list[RequirementResult], by_check: Mapping[str, list[Shown]]) -> Topic:
    first = alike[0]
    return Topic(
        standing=_standing(first),
        name=first.id,
        asked=tuple(alike),
        because=first.because,
        shown=_shown(one for check in first.checks for one in by_check.get(check, ())),
    )


def _check(check: str, shown: list[Shown], page: Page | None) -> Topic:
    return Topic(standing=min((one.standing for one in shown), key=_rank), name=check, shown=_shown(shown), page=page)


def _standing(result: RequirementResult) -> Standing:
    if not result.covered and result.outcome is Outcome.UNKNOWN:
        return Standing.NOT_COVERED
    return Standing(result.outcome)


def _worst_first(topics: Iterable[Topic]) -> list[Topic]:
    """Requirements in the order of their standard, before single checks; those by their severity."""
    return sorted(topics, key=lambda topic: (_rank(topic.standing), 0 if topic.asked else 1 + _weight(topic.severity)))


def _shown(shown: Iterable[Shown]) -> tuple[Shown, ...]:
    return tuple(sorted(shown, key=lambda one: _rank(one.standing)))


def _weight(severity: Severity) -> int:
    return list(Severity).index(severity)


def _rank(standing: Standing) -> int:
    return list(Standing).index(standing)
