"""Traefik: a proxy that programs itself from the Gateway API. One process is control plane and data plane for every Gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import GatewayImplementation
from seatrial.catalog.systems.gateway_api import GROUP, GatewayClass
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel
from seatrial.model.system import Holds, Process, Proof, Recipe, System

CONTROLLER = "traefik.io/gateway-controller"
PORT = 8000  # where its chart has it listen, too; other gateways of the lab have addresses of their own


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    """Its listeners are fixed when it starts: a Gateway may listen where one of them does, and nowhere else."""
    gateways = {"statusAddress": {"ip": "{address}"}, "namespaces": settings["namespaces"]}
    static = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "entryPoints": {
            "web": {"address": f"{{address}}:{PORT}"},
            "health": {"address": "{address}:{port:health}"},
        },
        "ping": {"entryPoint": "health"},
        "providers": {"providersThrottleDuration": "200ms", "kubernetesGateway": gateways},
    }
    return {"traefik.yml": json.dumps(static, indent=1)}


_CLASS: Obj = {
    "apiVersion": f"{GROUP}/v1",
    "kind": "GatewayClass",
    "metadata": {"name": "traefik"},
    "spec": {"controllerName": CONTROLLER},
}

TRAEFIK = System(
    id="traefik",
    title="Traefik",
    home="https://traefik.io/traefik",
    found_by=Holds(
        GatewayClass, lambda entry: entry.spec.controller_name == CONTROLLER, f"the controller {CONTROLLER}"
    ),
    roles=(GatewayImplementation(player="traefik", controller=CONTROLLER, listens_on=PORT),),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/traefik/traefik/v3",
        version="v3.7.10",
        programs={"traefik": "github.com/traefik/traefik/v3/cmd/traefik"},
        ldflags="-X github.com/traefik/traefik/v3/pkg/version.Version=3.7.10",
        manifests=(),
        overlay=(_CLASS,),
        processes=(
            Process(
                program="traefik",
                args=("--configFile={folder}/traefik.yml",),
                ready="http://{address}:{port:health}/ping",
            ),
        ),
        configure=_configure,
        settings={"namespaces": []},  # empty: all
        needs=("gateway-api",),
        level=LabLevel.NODE,  # it sends requests to pods
        by_default=False,
    ),
)
