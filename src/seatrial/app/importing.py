"""import: results that other tools wrote become a Run, held against one of our own where there is one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import seatrial
from seatrial.engine.catalog import Catalog
from seatrial.engine.schema import read_run
from seatrial.foreign import reading
from seatrial.foreign.crosscheck import cross_check
from seatrial.foreign.results import Identity, Results
from seatrial.foreign.sameness import minor, of_run, same_cluster
from seatrial.foreign.verdicts import finding, of_file, of_tests, requirements
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.fact import ClusterIdentity
from seatrial.model.run import Environment, EnvironmentKind, Run
from seatrial.model.standard import Standard
from seatrial.model.verdict import Outcome, Verdict, unknown

SAME = "foreign.results-are-of-this-cluster"
AI = "cncf-ai"  # the standard whose tests the upstream suite has

_FIX = "take results and Run of one cluster, at one version"


def import_results(
    files: Sequence[Path],
    *,
    run: Path | None = None,
    standard: str | None = None,
    clock: Clock | None = None,
    command: str = "import",
) -> Run:
    """``run`` is one of our own to hold them against; ``standard`` is needed only where nothing tells its version."""
    clock = clock or SystemClock()
    started = clock.now()
    by_file = {path: reading.read(path) for path in files}
    told = [results for those in by_file.values() for results in those]
    ours = read_run(run) if run is not None else None
    tests = of_tests(told)
    sameness = dict(_sameness(by_file, ours))
    findings = [one for results in told for one in of_file(results)]
    findings += [finding(SAME, file, verdict, fix=_FIX) for file, verdict in sameness.items()]
    if ours is not None:
        findings += cross_check(tests, ours, _weakest(sameness.values()))
    identity = _merged(told)
    chosen = _standard(standard, ours, identity)
    return Run(
        id=str(uuid.uuid4()),
        seatrial=seatrial.__version__,
        command=command,
        started_at=started,
        finished_at=clock.now(),
        environment=Environment(
            kind=EnvironmentKind.IMPORTED,
            simulated=None,
            cluster=ClusterIdentity(uid=identity.uid, version=identity.version),
            name=", ".join(map(str, by_file)),
        ),
        requirements=requirements(chosen, tests) if chosen else (),
        findings=(*findings, *tests),
    )


def _sameness(told: Mapping[Path, Sequence[Results]], ours: Run | None) -> Iterator[tuple[str, Verdict]]:
    """Each file against the Run; without one, against the files before it, where silence is nothing to report."""
    reference = of_run(ours) if ours is not None else None
    for path, results in told.items():
        identity = _merged(results)
        if reference is None:
            reference = identity
            continue
        verdict = same_cluster(identity, reference)
        if ours is not None or verdict.outcome is not Outcome.UNKNOWN:
            yield str(path), verdict
        if ours is None:
            reference |= identity


def _weakest(verdicts: Iterable[Verdict]) -> Verdict:
    order = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)
    return min(verdicts, key=lambda one: order.index(one.outcome), default=unknown("nothing tells"))


def _merged(told: Sequence[Results]) -> Identity:
    identity = Identity()
    for results in told:
        identity |= results.identity
    return identity


def _standard(key: str | None, ours: Run | None, identity: Identity) -> Standard | None:
    """By name; else the one version that the Run is about; else that of the API server. Where nothing tells, none."""
    catalog = Catalog.installed()
    if key is not None:
        return catalog.standard(key)
    asked = {one.version for one in ours.requirements if one.standard == AI} if ours is not None else set()
    version = asked.pop() if len(asked) == 1 else minor(identity.version)
    return catalog.standards.get(f"{AI}@{version}")
