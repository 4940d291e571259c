"""What simulated devices leave behind."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from seatrial.lab import site as sites
from seatrial.lab.node import namespaces
from seatrial.model.verdict import Outcome
from tests.live.conftest import proven

CARDS = "network.claimed-interfaces-arrive-and-carry-data"


def ports(lab: str) -> list[dict[str, Any]]:
    """What is connected to the simulated fast network."""
    argv = [*namespaces.enter(sites.need(lab)), "ip", "-json", "link", "show", "master", "seatrial-fabric"]
    found: list[dict[str, Any]] = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    return [one for one in found if one]


def test_an_interface_goes_with_its_pod(whole_lab: str) -> None:
    for _ in range(2):  # a second time, so that nothing of the first is in the way
        (finding,) = proven(whole_lab, CARDS).findings
        assert finding.outcome is Outcome.PASS, finding.because
    deadline = time.monotonic() + 20
    while left := ports(whole_lab):
        assert time.monotonic() < deadline, left
        time.sleep(0.2)
