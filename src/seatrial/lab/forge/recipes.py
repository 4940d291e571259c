"""What the lab needs from others, as data: pinned Go modules to build, and the releases that their projects publish."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from seatrial.model.errors import BuildError
from seatrial.model.system import Recipe

PROGRAMS = Path(__file__).parent.parent / "programs"
NEWEST = "1.37"
KUBERNETES = "k8s.io/kubernetes"

UPSTREAM = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl",
)  # fmt: skip
KWOK = ("kwok", "kwok-stages")
OURS = (*KWOK, "accelerator", "exporter")
WITHOUT_KWOK = ("1.34", "1.35")  # no release of kwok builds with their libraries; the newest serves them as well


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """Programs of one pinned Go module. ``pins`` holds its go.mod and go.sum."""

    id: str
    pins: Path
    module: str = ""  # the one that matters, where it is not our own
    packages: Mapping[str, str]  # file to make → Go package
    sources: Path | None = None  # Go files of our own that are built with the pins
    called: tuple[str, ...] = ()  # the names by which one file with many programs is called
    tags: tuple[str, ...] = ()
    ldflags: str = ""  # ``{version}`` stands for the module's
    cgo: bool = False
    needs: Mapping[str, str] = {}  # header file or program → the Debian package that brings it
    keep: Mapping[str, tuple[str, ...]] = {}  # module → files or folders of it that are kept beside the programs
    seconds: float = 60.0  # of processor time, with nothing compiled before but what a lab needs without it

    @property
    def version(self) -> str:
        return pinned_version(self.pins, self.module)

    @property
    def programs(self) -> tuple[str, ...]:
        return self.called or tuple(self.packages)


def kube(minor: str, *, only_ours: bool = False) -> Build:
    """Kubernetes, etcd and kwok in one file: one link instead of nine, and a third of the size."""
    pins = PROGRAMS / "kube" / "pins" / minor
    version = pinned_version(pins, KUBERNETES)
    major, minor_number, _ = version.removeprefix("v").split(".", 2)
    has_kwok = minor not in WITHOUT_KWOK
    ours = OURS if has_kwok else tuple(name for name in OURS if name not in KWOK)
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor_number, "gitTreeState": "clean"}
    return Build(
        id=f"{'kube programs of our own' if only_ours else 'kube'} {minor}",
        pins=pins,
        module=KUBERNETES,
        sources=PROGRAMS / "kube",
        packages={"kube": "."},
        called=ours if only_ours else UPSTREAM + ours,
        tags=(
            f"kube{minor}",
            "notest",
            "grpcnotrace",
            *(("ours",) if only_ours else ()),
            *(() if has_kwok else ("nokwok",)),
        ),
        ldflags=" ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items()),
        seconds=150 if only_ours else 700,
    )


CONTAINERD = Build(
    id="containerd",
    pins=PROGRAMS / "node" / "containerd",
    module="github.com/containerd/containerd/v2",
    packages={
        "containerd": "github.com/containerd/containerd/v2/cmd/containerd",
        "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
        "ctr": "github.com/containerd/containerd/v2/cmd/ctr",
    },
    tags=("no_btrfs", "no_devmapper", "no_zfs", "no_tracing"),
    ldflags="-X github.com/containerd/containerd/v2/version.Version={version}",
    seconds=190,
)
CNI = Build(
    id="cni",
    pins=PROGRAMS / "node" / "cni",
    module="github.com/containernetworking/plugins",
    packages={
        "host-local": "github.com/containernetworking/plugins/plugins/ipam/host-local",
        "loopback": "github.com/containernetworking/plugins/plugins/main/loopback",
        "portmap": "github.com/containernetworking/plugins/plugins/meta/portmap",
        "ptp": "github.com/containernetworking/plugins/plugins/main/ptp",
    },
    ldflags="-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion={version}",
    seconds=10,
)
RUNC = Build(
    id="runc",
    pins=PROGRAMS / "node" / "runc",
    module="github.com/opencontainers/runc",
    packages={"runc": "github.com/opencontainers/runc"},
    tags=("seccomp",),
    cgo=True,
    needs={"gcc": "gcc", "seccomp.h": "libseccomp-dev"},
    seconds=15,
)
WORKLOAD = Build(
    id="workload",
    pins=PROGRAMS / "workload",
    sources=PROGRAMS / "workload",
    packages={"workload": "."},
    seconds=10,
)
NODE = {build.id: build for build in (CONTAINERD, CNI, RUNC, WORKLOAD)}

COSIGN = Build(
    id="cosign",
    pins=PROGRAMS / "tools" / "cosign",
    module="github.com/sigstore/cosign/v3",
    packages={"cosign": "github.com/sigstore/cosign/v3/cmd/cosign"},
    ldflags="-X sigs.k8s.io/release-utils/version.gitVersion={version}",
    seconds=300,
)
TOOLS = {build.id: build for build in (COSIGN,)}  # no lab needs these; they verify what seatrial writes


# In the order of a trial, by the Go that each has left to compile, at the 6.4 s for a MB that the lab itself was seen to take.
_SECONDS = {
    "jobset": 240.0, "kuberay": 220.0, "kueue": 175.0, "lws": 10.0,
    "prometheus": 345.0, "prometheus-adapter": 275.0, "volcano": 45.0,
}  # fmt: skip
_USUALLY, _FILES_ALONE = 300.0, 2.0


def of_system(id: str, recipe: Recipe) -> Build:
    """A system's own programs, and the manifests that it is installed with. Go files of our own may stand beside its pins."""
    pins = PROGRAMS / "systems" / id
    return Build(
        id=id,
        pins=pins,
        sources=pins if any(pins.rglob("*.go")) else None,
        module=recipe.module,
        packages=recipe.programs,
        tags=recipe.tags,
        ldflags=recipe.ldflags,
        keep={recipe.module: recipe.manifests},
        seconds=_SECONDS.get(id, _USUALLY) if recipe.programs else _FILES_ALONE,
    )


def pinned_version(pins: Path, module: str) -> str:
    """The version that a go.mod requires of a module."""
    file = pins / "go.mod"
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError as error:
        there = ", ".join(sorted(entry.name for entry in pins.parent.iterdir())) if pins.parent.is_dir() else "none"
        raise BuildError(f"{file} is missing: nothing is pinned there", way_out=f"choose one of: {there}") from error
    for line in lines:
        words = line.removeprefix("require").split()
        if len(words) >= 2 and words[0] == module:
            return words[1]
    raise BuildError(f"{file} requires no {module}", way_out="make the pins again with tools/pin.py")
