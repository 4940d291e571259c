"""Fast networks of which pods claim interfaces, beside the one that every pod has."""

from __future__ import annotations

from seatrial.catalog.roles import FastNetwork
from seatrial.catalog.systems.kubernetes.dra import DeviceClass
from seatrial.model.system import Holds, Served, System

_DRANET_CLASSES = ("dra.net", "netdev.google.com", "dranet")

DRANET = System(
    id="dranet",
    title="DRANET",
    home="https://dranet.dev",
    found_by=Holds(DeviceClass, lambda entry: entry.name in _DRANET_CLASSES, "a class of DRANET's interfaces"),
    roles=(
        FastNetwork(
            player="dranet",
            creates=("resource.k8s.io/resourceclaims",),
            driver="dra.net",
            classes=_DRANET_CLASSES,
            tells={"rdma": "dra.net/rdma", "pci": "resource.kubernetes.io/pcieRoot", "numa": "dra.net/numaNode"},
        ),
    ),
)

ATTACHED_NETWORKS = System(
    id="attached-networks",
    title="Networks that Multus attaches by definitions of the cluster's own",
    home="https://github.com/k8snetworkplumbingwg/multus-cni",
    found_by=Served("k8s.cni.cncf.io/network-attachment-definitions"),
    roles=(FastNetwork(player="attached-networks", stand_in=True, driver=""),),
)
