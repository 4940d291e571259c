"""Every proof, killed at random moments: whatever it had made by then, the next one clears away, in the whole cluster.

By ``make test-all`` alone: at 20 moments at least, and until each check was cut off at least once with something there.
"""

from __future__ import annotations

import asyncio
import random
import re
import subprocess
import time
from collections.abc import Mapping

from seatrial.app.reach import connect_to
from seatrial.app.target import Target
from seatrial.cluster.marks import new_namespace
from seatrial.cluster.sweep import Swept, sweep
from seatrial.engine.catalog import Catalog
from seatrial.model.verdict import Outcome
from tests.live.test_command_line import QUICK, SEATRIAL, benches

MOMENTS, MOST = 20, 60
LATEST = (0.0, 0.5, 3.0, 10.0, 25.0)  # seconds after the first bench was there; what is quick is only caught at once


def cut_off(lab: str, checks: list[str], after: float) -> set[str]:
    """Begin to prove these, kill that, and tell whose benches were there."""
    argv = [SEATRIAL, "prove", "--lab", lab, "--yes", *(f"--only={check}" for check in checks)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = set(benches(lab))
    until = time.monotonic() + 180
    while not set(benches(lab)) - before and process.poll() is None:
        assert time.monotonic() < until
    time.sleep(after)
    process.kill()
    process.wait()
    kinds = {re.sub(r"-[^-]+$", "", name) for name in set(benches(lab)) - before}
    return {check for check in checks if re.sub(r"-[^-]+$", "", new_namespace(check)) in kinds}


async def remains(lab: str) -> Swept:
    """What carries our label, of whatever kind."""
    async with connect_to(Target(lab=lab)) as client:
        return await sweep(client, older_than=0)


def test_whatever_is_killed_at_whatever_moment_nothing_stays(whole_lab: str, healthy: Mapping[str, Outcome]) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    passing = {key.partition("@")[0] for key, outcome in healthy.items() if outcome is Outcome.PASS}
    active = sorted(check.id for check in Catalog.installed().checks.values() if check.active and check.id in passing)
    left, kills = set(active), 0
    while kills < MOMENTS or left:
        assert kills < MOST, f"never cut off with something there: {sorted(left)}"
        left -= cut_off(whole_lab, sorted(left) or active, moments.random() * moments.choice(LATEST))
        kills += 1
    assert cut_off(whole_lab, active, LATEST[1])  # the control
    quick = [SEATRIAL, "prove", "--lab", whole_lab, *QUICK, "--yes"]
    assert subprocess.run(quick, capture_output=True, check=False, timeout=300).returncode == 3  # others were left out
    assert asyncio.run(remains(whole_lab)).removed == ()
