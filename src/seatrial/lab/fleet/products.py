"""What accelerators of the field call themselves, so that a simulated node looks like a real one to whatever reads it."""

from __future__ import annotations

import msgspec


class Product(msgspec.Struct, frozen=True, kw_only=True):
    vendor: str
    name: str  # as the vendor's node labels and DRA attributes spell it
    resource: str  # the extended resource of the vendor's device plugin
    driver: str  # the vendor's DRA driver
    memory: str
    driver_version: str
    labels: dict[str, str] = {}  # ``{name}`` and ``{version}`` are filled in


_NVIDIA = {
    "nvidia.com/gpu.present": "true",
    "nvidia.com/gpu.product": "{name}",
    "nvidia.com/cuda.driver-version.full": "{version}",
}
_AMD = {"amd.com/gpu.product-name": "{name}", "amd.com/gpu.driver-version": "{version}"}
_INTEL = {"gpu.intel.com/product": "{name}"}


def _nvidia(name: str, memory: str) -> Product:
    return Product(
        vendor="NVIDIA", name=name, resource="nvidia.com/gpu", driver="gpu.nvidia.com", memory=memory,
        driver_version="595.91.07", labels=_NVIDIA,
    )  # fmt: skip


def _amd(name: str, memory: str) -> Product:
    return Product(
        vendor="AMD", name=name, resource="amd.com/gpu", driver="gpu.amd.com", memory=memory,
        driver_version="6.12.12", labels=_AMD,
    )  # fmt: skip


def _intel(name: str, memory: str) -> Product:
    return Product(
        vendor="Intel", name=name, resource="gpu.intel.com/xe", driver="gpu.intel.com", memory=memory,
        driver_version="1.6.1", labels=_INTEL,
    )  # fmt: skip


PRODUCTS: dict[str, Product] = {
    "a100": _nvidia("NVIDIA-A100-SXM4-80GB", "80Gi"),
    "h100": _nvidia("NVIDIA-H100-80GB-HBM3", "80Gi"),
    "h200": _nvidia("NVIDIA-H200", "141Gi"),
    "b200": _nvidia("NVIDIA-B200", "180Gi"),
    "l40s": _nvidia("NVIDIA-L40S", "48Gi"),
    "mi300x": _amd("AMD_Instinct_MI300X_OAM", "192Gi"),
    "mi325x": _amd("AMD_Instinct_MI325X_OAM", "256Gi"),
    "max1550": _intel("Max_1550", "128Gi"),
}
