"""The lab's own model servers: simulated ones, which read prompts in one pod and write answers in another."""

from __future__ import annotations

from seatrial.catalog.roles import DisaggregatedServing, ServingObjects, ServingStack
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES, WORK, Node, container, runs_containers
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import Holds, Proof, System

_MARK = "seatrial.dev/phase"


def _here(node: Node) -> bool:
    return runs_containers(node) and node.metadata.labels.get("seatrial.dev/simulated") == "true"


def _in_two_pods(stack: ServingStack, apis: Apis) -> ServingObjects:
    """Decoding asks the Service of the other phase for each prompt, and goes on from what that hands over."""
    prefill, decode = f"{stack.name}-prefill", f"{stack.name}-decode"
    url = f"--prefiller=http://{_variable(prefill, 'HOST')}:{_variable(prefill, 'PORT')}"
    return ServingObjects(
        objects=(
            _service(stack, prefill),
            _pod(stack, prefill, "--role=prefill"),
            _service(stack, decode),
            _pod(stack, decode, "--role=decode", url),
        ),
        prefill=prefill,
        decode=decode,
        service=decode,
    )


def _variable(service: str, what: str) -> str:
    """Kubernetes tells each pod the addresses of the Services that were there before it; the lab has no DNS."""
    return f"$({service.upper().replace('-', '_')}_SERVICE_{what})"


def _pod(stack: ServingStack, name: str, *options: str) -> Obj:
    argv = ("model-server", f"--name={name}", f"--port={stack.port}", *options)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": stack.namespace, "labels": {_MARK: name}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "affinity": ON_REAL_NODES,
            "containers": [container(WORK, stack.image, argv)],
        },
    }


def _service(stack: ServingStack, name: str) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": stack.namespace},
        "spec": {"selector": {_MARK: name}, "ports": [{"port": stack.port, "targetPort": stack.port}]},
    }


LAB_SERVING = System(
    id="lab-serving",
    title="The lab's simulated model servers",
    home="",
    found_by=Holds(Node, _here, "simulated hardware"),
    roles=(
        DisaggregatedServing(player="lab-serving", simulated=True, creates=("pods", "services"), dialect=_in_two_pods),
    ),
    proof=Proof.SIMULATED,
)
