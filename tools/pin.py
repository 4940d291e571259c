"""Pin what the lab builds: write go.mod and go.sum for Kubernetes, for the programs of a node, for a system, or for a tool.

tools/pin.py kube 1.37 v1.37.1
tools/pin.py kube 1.35 v1.35.4 --kwok v0.7.0
tools/pin.py node containerd v2.2.2
tools/pin.py tool cosign v3.1.3
tools/pin.py system kueue          (module, version and packages come from its recipe in the catalog)
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from seatrial.lab.forge.recipes import KUBERNETES, NODE, PROGRAMS, TOOLS
from seatrial.model.system import System

UNNAMED = "v0.0.0-00010101000000-"  # the version of what is only ever replaced by a local path
# Whose libraries a system takes where they are newer than its own: what several need in one version is compiled once.
LIKE = {"jobset": "kueue", "lws": "kueue", "prometheus-adapter": "volcano", "volcano": "prometheus-adapter"}
# Pseudo-versions that no module proxy hands out any more, and the nearest one that it does.
NEAREST = {
    "policy-controller": {
        "github.com/google/go-containerregistry/pkg/authn/k8schain": "v0.0.0-20250225234217-098045d5e61f",
        "github.com/google/go-containerregistry/pkg/authn/kubernetes": "v0.0.0-20260224031529-85f2bf5f7303",
    },
}
OURS = "."  # a package of our own, whose sources stand beside its pins


def go(*args: str, cwd: Path) -> str:
    ran = subprocess.run(["go", *args], cwd=cwd, check=False, text=True, stdout=subprocess.PIPE)
    if ran.returncode:
        sys.exit(f"pin: `go {' '.join(args)}` failed, see above")
    return ran.stdout


def upstream(module: str, version: str, cwd: Path) -> dict[str, Any]:
    """The go.mod that a module was published with."""
    download = json.loads(go("mod", "download", "-json", f"{module}@{version}", cwd=cwd))
    return dict(json.loads(go("mod", "edit", "-json", download["GoMod"], cwd=cwd)))


def replacements(theirs: dict[str, Any], staging: str) -> Iterable[str]:
    """Upstream's replacements, which Go doesn't inherit. Those by a local path become the published ``staging`` version."""
    for line in theirs.get("Replace") or ():
        old, new = line["Old"]["Path"], line["New"]
        if new.get("Version"):
            yield f"{' '.join(filter(None, (old, line['Old'].get('Version'))))} => {new['Path']} {new['Version']}"
        elif staging:
            yield f"{old} => {old} {staging}"


def neighbours(theirs: dict[str, Any], version: str, pins: Path) -> Iterable[str]:
    """Modules of the same repository that upstream never names a version of: the same release, or one of ours beside the pins."""
    local = {line["Old"]["Path"] for line in theirs.get("Replace") or () if not line["New"].get("Version")}
    for line in theirs["Require"]:
        path, name = line["Path"], line["Path"].rpartition("/")[2]
        if path in local and line["Version"].startswith(UNNAMED):
            yield f"{path} => ./{name}" if (pins / name / "go.mod").exists() else f"{path} => {path} {version}"


def exclusions(theirs: dict[str, Any]) -> Iterable[str]:
    return (f"{line['Path']} {line['Version']}" for line in theirs.get("Exclude") or ())


def trust(module: str, version: str, folder: Path) -> None:
    """Take upstream's own checksums as a beginning: the public database lacks some of those that it was published with."""
    download = json.loads(go("mod", "download", "-json", f"{module}@{version}", cwd=folder))
    sums = [path.read_text() for path in (folder / "go.sum", Path(download["Dir"]) / "go.sum") if path.exists()]
    folder.joinpath("go.sum").write_text("".join(sums))


def write_mod(folder: Path, name: str, theirs: dict[str, Any], blocks: dict[str, Iterable[str]]) -> None:
    parts = [f"module seatrial.dev/lab/{name}", f"go {theirs['Go']}"]
    for word, lines in blocks.items():
        if block := "".join(f"\t{line}\n" for line in lines):
            parts.append(f"{word} (\n{block})")
    folder.joinpath("go.mod").write_text("\n\n".join(parts) + "\n")


def keep(folder: Path, pins: Path) -> None:
    pins.mkdir(parents=True, exist_ok=True)
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(folder / name, pins / name)
    print(f"pinned {pins}")


def pin_kube(minor: str, version: str, kwok: str, folder: Path) -> None:
    theirs = upstream(KUBERNETES, version, folder)
    etcd = next(r for r in theirs["Require"] if r["Path"] == "go.etcd.io/etcd/server/v3")  # the one it is tested with
    blocks = {
        "require": (f"{KUBERNETES} {version}", f"{etcd['Path']} {etcd['Version']}", f"sigs.k8s.io/kwok {kwok}"),
        "replace": replacements(theirs, "v0." + version.split(".", 1)[1]),
    }
    shutil.copytree(PROGRAMS / "kube", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("pins"))
    write_mod(folder, "kube", theirs, blocks)
    go("mod", "tidy", cwd=folder)
    hold_back(folder, theirs)
    go("mod", "tidy", cwd=folder)
    keep(folder, PROGRAMS / "kube" / "pins" / minor)


def hold_back(folder: Path, theirs: dict[str, Any]) -> None:
    """Keep Kubernetes' own versions where kwok would raise them: the lab's Kubernetes is the one that was released."""
    released = {r["Path"]: r["Version"] for r in theirs["Require"] if r["Version"] != "v0.0.0"}
    ours = json.loads(go("mod", "edit", "-json", cwd=folder))["Require"]
    raised = [r["Path"] for r in ours if released.get(r["Path"], r["Version"]) != r["Version"]]
    go("mod", "edit", *(f"-replace={path}={path}@{released[path]}" for path in raised), cwd=folder)


def pin_module(pins: Path, module: str, version: str, packages: Iterable[str], folder: Path) -> None:
    theirs = upstream(module, version, folder)
    blocks = {
        "require": (f"{module} {version}",),
        "tool": [package for package in packages if package != OURS],
        "replace": (
            *replacements(theirs, ""),
            *neighbours(theirs, version, pins),
            *(f"{path} => {path} {nearest}" for path, nearest in NEAREST.get(pins.name, {}).items()),
        ),
        "exclude": exclusions(theirs),
    }
    if pins.is_dir():
        shutil.copytree(pins, folder, dirs_exist_ok=True)
    write_mod(folder, str(pins.relative_to(PROGRAMS)), theirs, blocks)
    trust(module, version, folder)
    if packages:
        go("mod", "tidy", cwd=folder)
        if other := LIKE.get(pins.name):
            go("mod", "edit", *(f"-require={line}" for line in shared(folder, pins.parent / other)), cwd=folder)
            go("mod", "tidy", cwd=folder)
    else:
        go("mod", "download", module, cwd=folder)
    keep(folder, pins)


def shared(folder: Path, other: Path) -> Iterable[str]:
    """What both need and neither replaces by another version, as the other has it. Go still takes the newer one."""
    mine, theirs = (json.loads(go("mod", "edit", "-json", cwd=one)) for one in (folder, other))
    fixed = {
        line["Old"]["Path"]: line["New"].get("Version") for pins in (theirs, mine) for line in pins["Replace"] or ()
    }
    needed = {line["Path"] for line in mine["Require"]} - {line["Old"]["Path"] for line in mine["Replace"] or ()}
    for line in theirs["Require"]:
        path, version = line["Path"], line["Version"]
        if path in needed and fixed.get(path, version) == version:
            yield f"{path}@{version}"


def system(id: str) -> System:
    module = importlib.import_module(f"seatrial.catalog.systems.{id.replace('-', '_')}")
    found = [value for value in vars(module).values() if isinstance(value, System) and value.id == id]
    if not found or found[0].recipe is None:
        sys.exit(f"pin: {module.__name__} holds no System {id!r} with a recipe")
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    kube = what.add_parser("kube")
    kube.add_argument("minor")
    kube.add_argument("version")
    kube.add_argument(
        "--kwok", default="v0.8.0", help="the one whose libraries are nearest, even where it is not linked"
    )
    node = what.add_parser("node")
    node.add_argument("id", choices=sorted(NODE.keys() - {"workload"}))
    node.add_argument("version")
    tool = what.add_parser("tool")
    tool.add_argument("id", choices=sorted(TOOLS))
    tool.add_argument("version")
    what.add_parser("system").add_argument("id")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if args.what == "kube":
            pin_kube(args.minor, args.version, args.kwok, folder)
        elif args.what in ("node", "tool"):
            build = (NODE | TOOLS)[args.id]
            pin_module(build.pins, build.module, args.version, build.packages.values(), folder)
        elif (recipe := system(args.id).recipe) is not None:
            pin_module(PROGRAMS / "systems" / args.id, recipe.module, recipe.version, recipe.programs.values(), folder)


if __name__ == "__main__":
    main()
