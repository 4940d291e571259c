"""node-problem-detector: what goes wrong on a node, as conditions of that node."""

from __future__ import annotations

from seatrial.catalog.systems.exporters import called
from seatrial.catalog.systems.kubernetes.pods import KNOWN_BY, Pod
from seatrial.model.system import Holds, Proof, System

NAME = "node-problem-detector"
# Conditions of its stock configuration; those of Kubernetes itself are not among them.
CONDITIONS = (
    "KernelDeadlock",
    "ReadonlyFilesystem",
    "XfsShutdown",
    "CperHardwareErrorFatal",
    "FrequentKubeletRestart",
    "FrequentDockerRestart",
    "FrequentContainerdRestart",
    "FrequentUnregisterNetDevice",
)

NODE_PROBLEM_DETECTOR = System(
    id="node-problem-detector",
    title="node-problem-detector",
    home="https://github.com/kubernetes/node-problem-detector",
    found_by=Holds(Pod, called(NAME), f"a pod that is called {NAME}", KNOWN_BY),
    proof=Proof.DOCUMENTS,
)
