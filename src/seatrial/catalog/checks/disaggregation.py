"""Disaggregated inference: one request is read by one instance and answered by another."""

from __future__ import annotations

from seatrial.catalog.checks.models import HELLO, URL, Record, ask, records
from seatrial.catalog.checks.probe import runs
from seatrial.catalog.checks.traffic import Client
from seatrial.catalog.roles import DisaggregatedServing, ServingObjects, ServingStack
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.verdict import Severity, Verdict, failed, passed
from seatrial.model.workbench import Workbench

PORT, REQUESTS = 8080, 12
RUN, ORPHANS = "in-two-phases", "without-prefill"


@check(
    "disaggregation.one-request-passes-both-phases",
    severity=Severity.MEDIUM,
    creates=("pods", "services"),
    uses=("exec", "log"),
)
async def one_request_passes_both_phases(serving: DisaggregatedServing, bench: Workbench) -> Verdict:
    """Each request is prefilled in one instance and decoded in another, which goes on from what the first handed over.

    Why: where decoding quietly does the prefill itself, the instances are separate in name only: prompts stall the answers of
    everybody else, and half of the accelerators are idle.
    Fix: look whether the decoding instances know where prefill is, and whether its key-value cache reaches them.
    """
    made = serving.dialect(ServingStack("stack", bench.namespace, bench.image, PORT), bench.apis)
    client = Client(bench)
    await client.start()
    url = await _set_up(bench, made)
    if serving.simulated:
        bench.note("the model servers are simulated, and so is the transfer of the key-value cache")
    ready = await client.send(url, 1, body=HELLO, wait_for="200")
    if not ready.answered:
        return failed(f"nobody answers through both phases: {ready.text}")
    asked = await ask(client, url, RUN, sessions=REQUESTS, turns=1, prompt=1000)
    first = {one.id: one for one in await records(bench, made.prefill) if one.run == RUN}
    second = {one.id: one for one in await records(bench, made.decode) if one.run == RUN}
    both = [id for id in second if id in first and _handed_over(first[id], second[id])]
    bench.control(
        "requests by way of both phases", prefilled=sorted(first), decoded=sorted(second), trouble=asked.trouble
    )
    if asked.trouble or len(second) != REQUESTS:
        return failed(f"of {REQUESTS} requests {len(second)} were decoded; {asked.trouble or 'none failed'}")
    if len(both) != REQUESTS:
        return failed(
            f"of {REQUESTS} requests that {made.decode} answered {len(both)} had been prefilled by {made.prefill}"
        )
    if problem := await _needs_prefill(bench, client, url, made):
        return failed(problem)
    simulated = " (simulated)" if serving.simulated else ""
    return passed(
        f"the ids of {REQUESTS} requests are in the logs of both {made.prefill} and {made.decode}, each with the key-value cache "
        f"that went over{simulated}; without {made.prefill} nothing was answered"
    )


async def _set_up(bench: Workbench, made: ServingObjects) -> str:
    """Start the stack; where requests go in."""
    address = ""
    for obj in made.objects:
        name = obj["metadata"]["name"]
        if obj["kind"] == "Pod":
            if await runs(bench, obj) is None:
                raise CannotJudge(f"{name} does not run, so no request can be followed")
            continue
        created = await bench.create(obj)
        if obj["kind"] == "Service" and name == made.service:
            address = created["spec"]["clusterIP"]
    return f"http://{address}:{PORT}{URL}"


def _handed_over(prefill: Record, decode: Record) -> bool:
    """Whether the one made what the other took, for this very request."""
    return (
        prefill.kv_made is not None and prefill.kv_made == decode.kv_took and decode.kv_took.get("request") == decode.id
    )


async def _needs_prefill(bench: Workbench, client: Client, url: str, made: ServingObjects) -> str:
    """The negative control: with prefill gone, an answer would mean that decoding never needed it."""
    await bench.remove("pods", made.prefill)
    gone = await bench.until(
        "pods",
        lambda pods: all(one["metadata"]["name"] != made.prefill for one in pods),
        within=bench.patience,
        what=f"{made.prefill} is gone",
    )
    if not gone.met:
        raise CannotJudge(f"{made.prefill} does not go, so it cannot be seen whether it is needed")
    orphans = await ask(client, url, ORPHANS, sessions=2, turns=1, within=5)
    answered = sum(1 for turns in orphans.sessions.values() if turns[0])
    bench.control("requests without any prefill", answered=answered, trouble=orphans.trouble)
    return f"{answered} of 2 requests were answered although {made.prefill} was gone" if answered else ""
