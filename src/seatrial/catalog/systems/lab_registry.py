"""The lab's registry of images: what is signed there is verified there, and its node pulls from it."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.model.lab import LabLevel
from seatrial.model.system import Holds, Process, Proof, Recipe, System

_ID = "lab-registry"

LAB_REGISTRY = System(
    id=_ID,
    title="The lab's registry of images",
    home="",
    found_by=Holds(Namespace, lambda one: one.name == f"{_ID}-system", "the registry's namespace"),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/google/go-containerregistry",
        version="v0.21.9",
        programs={_ID: "."},
        manifests=(),
        processes=(
            Process(
                program=_ID,
                args=(
                    "-address={address}:{port:registry}",
                    "-certificate={folder}/tls.crt",
                    "-key={folder}/tls.key",
                    "-blobs={folder}/blobs",
                    "-ready-file={folder}/ready",
                ),
                ready="file:{folder}/ready",
            ),
        ),
        level=LabLevel.NODE,  # where both the node and this host reach it
        by_default=False,
    ),
)
