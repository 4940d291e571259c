"""Older releases: the same lab, the same proofs. The oldest by default; SEATRIAL_TEST_VERSIONS=1.36,1.35,1.34 for more."""

from __future__ import annotations

import os

import pytest

from seatrial.app import lab as labs
from seatrial.model.lab import LabSpec
from seatrial.model.verdict import Outcome
from tests.live.conftest import change, down, kubectl, proven, up

VERSIONS = os.environ.get("SEATRIAL_TEST_VERSIONS", "1.34").split(",")
GANG, API = "gang.starts-whole-or-not-at-all", "dra.resource-api-is-served-and-writable"


@pytest.mark.parametrize("kubernetes", VERSIONS)
def test_the_lab_and_the_proofs_on_an_older_release(kubernetes: str) -> None:
    name = f"test-{kubernetes.replace('.', '-')}"
    up(LabSpec(name=name, kubernetes=kubernetes, fleet=labs.parse_fleet("h100:8x2")))
    try:
        assert kubectl(name, "version")["serverVersion"]["gitVersion"].startswith(f"v{kubernetes}.")
        run = proven(name)
        found = {finding.key: (finding.outcome, finding.because) for finding in run.findings}
        # 1.34 has no Workload API, so the stock scheduler stands alone there.
        gang = (
            (f"{GANG}@kube-scheduler", Outcome.FAIL) if kubernetes == "1.34" else (f"{GANG}@workload-api", Outcome.PASS)
        )
        assert found[gang[0]][0] is gang[1], found[gang[0]]
        for key in set(found) - {gang[0]}:
            fine = found[key][0] in (Outcome.PASS, Outcome.NOT_APPLICABLE)
            assert fine or found[key][1].startswith("not started"), (key, found[key])
        if kubernetes == "1.34":
            change(name, "dra-api-disabled", broken=True)
            (finding,) = proven(name, API).findings
            assert finding.outcome is Outcome.FAIL, finding.because
            change(name, "dra-api-disabled", broken=False)
            (finding,) = proven(name, API).findings
            assert finding.outcome is Outcome.PASS, finding.because
    finally:
        down(name)
