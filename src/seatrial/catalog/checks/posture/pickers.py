"""Endpoint pickers: the program without which nothing reaches an InferencePool, or everything reaches it unpicked.

A picker alone in front of a pool is a single point of failure: medium. One that may be passed by is low.
"""

from __future__ import annotations

from seatrial.catalog.systems.inference_extension import InferencePool
from seatrial.catalog.systems.prometheus import Service
from seatrial.catalog.views.tenants import NamespaceWorkloads, workloads_in
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown


@check("pickers.are-not-passed-by", severity=Severity.LOW)
def are_not_passed_by(pool: InferencePool) -> Verdict:
    """Requests wait for the endpoint picker, and are not sent anywhere when it does not answer.

    Why: with `FailOpen` a picker that is overloaded or killed is simply left out, and with it whatever it enforces: priorities,
    limits, and which adapter is where.
    Fix: remove `spec.endpointPickerRef.failureMode`, or set it to `FailClose`, and give the picker a second replica.
    """
    mode = pool.spec.endpoint_picker_ref.failure_mode
    return failed("its picker may be passed by: FailOpen") if mode == "FailOpen" else passed(f"it is {mode}")


@check("pickers.have-a-second-replica", severity=Severity.MEDIUM)
def have_a_second_replica(pool: InferencePool, services: All[Service], workloads: All[NamespaceWorkloads]) -> Verdict:
    """Where nothing passes the endpoint picker by, there are two of it.

    Why: with `FailClose`, the default, one restart of the only picker is a minute without the model.
    Fix: give its Deployment two replicas and leader election, and a PodDisruptionBudget.
    """
    picker = pool.spec.endpoint_picker_ref
    if picker.failure_mode == "FailOpen":
        return not_applicable("it may be passed by")
    home = pool.metadata.namespace
    service = next((one for one in services if (one.metadata.namespace, one.name) == (home, picker.name)), None)
    if service is None or not service.spec.selector:
        return unknown(f"there is no Service {picker.name} with a selector, so the picker was not found")
    selector = service.spec.selector.items()
    found = [one for one in workloads_in(home, workloads) if selector <= dict(one.labels).items()]
    if not found:
        return unknown(f"the Service {picker.name} selects nothing that we read")
    many = sum(one.wanted for one in found)
    return passed(f"there are {many}") if many > 1 else failed(f"there is {many}", replicas=many)
