"""Dynamic Resource Allocation: the API is served and writable, and a claim really becomes a device in a container."""

from __future__ import annotations

from seatrial.catalog.checks.probe import MAIN, asks, look, opened, pod, unrecognised
from seatrial.catalog.roles import AcceleratorSource
from seatrial.model.check import check
from seatrial.model.errors import Rejected
from seatrial.model.fact import Apis, Obj
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed
from seatrial.model.workbench import Workbench

GROUP = "resource.k8s.io"
RESOURCES = ("deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices")
NOBODY = "nobody.seatrial.dev"  # a driver that does not exist


@check(
    "dra.resource-api-is-served-and-writable",
    severity=Severity.HIGH,
    creates=tuple(f"{GROUP}/{resource}" for resource in RESOURCES),
)
async def resource_api_is_served_and_writable(apis: Apis, bench: Workbench) -> Verdict:
    """The API server serves resource.k8s.io, and objects of each kind can be made, read, changed and removed.

    Why: every DRA driver, quota and autoscaler stands on these four resources.
    Fix: run Kubernetes 1.34 or newer, and do not turn the group off in --runtime-config.
    """
    missing = [resource for resource in RESOURCES if not apis.versions(f"{GROUP}/{resource}")]
    if missing:
        return failed(f"{GROUP} does not serve {', '.join(missing)}")
    version = apis.versions(f"{GROUP}/deviceclasses")[0]
    for resource, obj in zip(RESOURCES, _objects(f"{GROUP}/{version}", bench.namespace), strict=True):
        problem = await _round_trip(bench, f"{GROUP}/{resource}", obj)
        if problem:
            return failed(problem)
    nonsense = _objects(f"{GROUP}/{version}", bench.namespace)[1] | {"spec": {"devices": {"requests": [{"name": "x"}]}}}
    nonsense["metadata"] = {"name": "nonsense", "namespace": bench.namespace}
    refused = not await bench.admits(nonsense)
    bench.control("a claim that asks for nothing", refused=refused)
    if not refused:
        return failed("the API server takes a claim that asks for nothing, so it does not validate them")
    return passed(
        f"{GROUP}/{version}: {', '.join(RESOURCES)} were made, read, changed and removed; a senseless claim was refused"
    )


async def _round_trip(bench: Workbench, resource: str, obj: Obj) -> str:
    """What is wrong with writing this kind of object, if anything is."""
    name = obj["metadata"]["name"]
    try:
        await bench.create(obj)
    except Rejected as error:
        return f"{resource} cannot be written: {error.what}"
    await bench.patch(resource, name, {"metadata": {"labels": {"seatrial.dev/changed": "yes"}}})
    there = await bench.read(resource, name)
    if there is None or there["metadata"].get("labels", {}).get("seatrial.dev/changed") != "yes":
        return f"{resource}: what was written is not what is read"
    await bench.remove(resource, name)
    gone = await bench.until(
        resource,
        lambda objs: all(o["metadata"]["name"] != name for o in objs),
        within=15,
        what=f"{resource} {name} is gone",
    )
    return "" if gone.met else f"{resource}: {name} is still there after it was deleted"


def _objects(api_version: str, namespace: str) -> tuple[Obj, ...]:
    request: Obj = {"name": "one", "exactly": {"deviceClassName": NOBODY}}
    if api_version.endswith("v1beta1"):
        request = {"name": "one", "deviceClassName": NOBODY}
    devices = {"devices": {"requests": [request]}}
    selector = {"selectors": [{"cel": {"expression": f"device.driver == '{NOBODY}'"}}]}
    pool = {"name": "seatrial-crud", "generation": 1, "resourceSliceCount": 1}
    specs: tuple[tuple[str, Obj], ...] = (
        ("DeviceClass", selector),
        ("ResourceClaim", devices),
        ("ResourceClaimTemplate", {"spec": devices}),
        ("ResourceSlice", {"driver": NOBODY, "pool": pool, "allNodes": True, "devices": []}),
    )
    return tuple(
        {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"name": "seatrial-crud"} | ({"namespace": namespace} if "Claim" in kind else {}),
            "spec": spec,
        }
        for kind, spec in specs
    )


@check(
    "dra.claim-backed-pod-runs-with-its-device",
    severity=Severity.HIGH,
    creates=("pods", f"{GROUP}/resourceclaims"),
    exclusive=("accelerators",),
    uses=("exec",),
)
async def claim_backed_pod_runs_with_its_device(source: AcceleratorSource, bench: Workbench) -> Verdict:
    """A pod with a ResourceClaim runs, and its container opens exactly the device that was allocated to the claim.

    Why: an API that is served allocates nothing. Only a driver that publishes slices and prepares claims does.
    Fix: install the vendor's DRA driver, and look at its ResourceSlices and at the events of the pod.
    """
    if not source.devices:
        return unrecognised(source)
    if source.mechanism != "dra":
        return not_applicable("it hands devices out without DRA")
    plain = pod(bench, "claims-none")
    plain["spec"]["resourceClaims"] = [{"name": "never", "resourceClaimName": "never"}]
    plain["spec"]["containers"][0]["resources"]["claims"] = [{"name": "never"}]
    await bench.create(plain)  # the negative control: its claim does not exist
    if await asks(bench, source, pod(bench, "claims-one")) is None:
        return failed("a pod with a claim for one device does not run")
    claims = await bench.list(f"{GROUP}/resourceclaims")
    allocated = [result["device"] for claim in claims for result in _results(claim)]
    seen = opened(await look(bench, source, "claims-one", MAIN))
    bench.control("a pod whose claim is allocated", allocated=allocated, opened=[device.path for device in seen])
    waiting = await bench.read("pods", "claims-none")
    phase = (waiting or {}).get("status", {}).get("phase", "gone")
    bench.control("a pod whose claim does not exist", phase=phase)
    if phase != "Pending":
        return failed(f"a pod whose claim does not exist is {phase}")
    names = [device.path.rsplit("/", 1)[-1] for device in seen]
    if sorted(names) != sorted(allocated):
        return failed(
            f"allocated was {', '.join(allocated) or 'nothing'}, and the container opens {', '.join(names) or 'nothing'}"
        )
    return passed(f"the claim was allocated {', '.join(allocated)}, and that is what the container opens")


def _results(claim: Obj) -> list[Obj]:
    results: list[Obj] = claim.get("status", {}).get("allocation", {}).get("devices", {}).get("results", [])
    return results
