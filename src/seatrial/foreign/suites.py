"""Which suite a file comes from, and what its tests are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from seatrial.foreign.results import Case, Suite

SOURCE = "kubernetes-sigs/ai-conformance"
CONFORMANCE = "[Conformance]"
FEWEST = 400  # tests of base conformance: 1.33 has 419, and no release since had fewer


class Covers(msgspec.Struct, frozen=True):
    """The requirement that a test of the suite is for, and what a pass of it leaves open."""

    requirement: str
    leaves_open: str


# The tests of the AI conformance suite that look at a cluster. Everything else in it tests the suite itself.
TESTS: Mapping[str, Covers] = {
    "TestSecureAcceleratorAccess": Covers(
        "secure_accelerator_access",
        "it never lets a pod try another's device, set the runtime's environment variables or mount the host's /dev",
    ),
    "TestGangScheduling": Covers(
        "gang_scheduling",
        "it asks for CPU alone and runs one gang at a time, so two gangs that block each other go unseen",
    ),
    "TestAcceleratorClusterAutoscaling": Covers(
        "cluster_autoscaling", "it begins with a node that is there, so scaling from zero goes unseen"
    ),
    "TestAcceleratorDriverRuntimeManagement": Covers(
        "driver_runtime_management", "versions that nobody advertises are only warned about, and it looks at one moment"
    ),
    "TestAcceleratorPerformanceMetrics": Covers(
        "accelerator_metrics", "it looks for parts of names and puts no load on, so a series that never moves passes"
    ),
    "TestAIServiceMetrics": Covers("ai_service_metrics", "it shows that metrics are collected, not that they are kept"),
    "TestWorkloadSandboxing": Covers(
        "workload_sandboxing", "it looks at one node, and at no accelerator inside the sandbox"
    ),
    "TestRobustCRDControllerOperation": Covers(
        "robust_controller", "it knows one operator; others on the same cluster go unseen"
    ),
}

_BASE_SUITE = "Kubernetes e2e suite"
_OF_GINKGO = re.compile(
    r"\[(?:Synchronized|Report)?(?:Before|After)Suite\]|\[(?:DeferCleanup|ReportAfterSuite|ReportBeforeSuite)"
)


def is_scaffolding(case: Case) -> bool:
    """What Ginkgo itself does around the cases, listed as if it were one."""
    return _OF_GINKGO.match(case.name) is not None


def suite_of(cases: Iterable[Case], *, named: str = "") -> Suite:
    """``named`` is whatever the file calls its suite or package."""
    cases = tuple(cases)
    if SOURCE in named or any(case.root in TESTS for case in cases):
        return Suite.AI
    ran = [case for case in cases if case.ran and not is_scaffolding(case)]
    if named == _BASE_SUITE or any(CONFORMANCE in case.name for case in ran):
        return Suite.BASE
    return Suite.OTHER


def in_scope(suite: Suite, cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases that say something of a cluster, in the suite's own sense."""
    if suite is Suite.AI:
        return tuple(case for case in cases if case.name in TESTS)
    if suite is Suite.BASE:
        return tuple(case for case in cases if CONFORMANCE in case.name)
    return tuple(case for case in cases if not is_scaffolding(case))
