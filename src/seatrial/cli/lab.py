"""``seatrial lab``: build, look at, break, mend and take down a local Kubernetes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from seatrial.cli import model_server, names, output

if TYPE_CHECKING:
    from seatrial.model.lab import LabStatus
    from seatrial.model.progress import Tell

T = TypeVar("T")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "lab",
        help="build, break and mend a real Kubernetes on this machine",
        description="A real local Kubernetes with simulated accelerators, for proofs and for practice.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _up(_action(actions, "up", "build and start a lab, or bring it to what is asked here", run_up))
    _named(_action(actions, "down", "stop a lab and remove all of it", run_down))
    status = _action(actions, "status", "say how the labs stand", run_status)
    status.add_argument("--name", help="only the lab of that name")
    status.add_argument("-o", "--output", choices=("text", "json"), default="text", help="text unless given")
    _named(_action(actions, "kubeconfig", "print where the kubeconfig of a lab is", run_kubeconfig))
    for verb, what in (("break", "break a lab in one named way"), ("mend", "undo that")):
        change = _named(_action(actions, verb, what, run_change))
        change.set_defaults(broken=verb == "break")
        names.completed_by(change.add_argument("fault", metavar="FAULT", help="see `lab faults`"), "faults")
    _action(actions, "faults", "list the ways to break a lab", run_faults)
    image = _action(actions, "image", "write the image that proofs run, for a registry of your own", run_image)
    image.add_argument("-o", "--output-file", type=Path, required=True, metavar="FILE", help="an OCI archive")
    model_server.add(_action(actions, "model-server", "run a simulated model server", model_server.run))
    logs = _named(_action(actions, "logs", "print the log of one program of a lab", run_logs))
    logs.add_argument("component", metavar="PROGRAM", help="such as kubelet; `lab status` names them")
    logs.add_argument("--path", action="store_true", help="print only where the log is")


def _action(actions: Any, name: str, what: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=what, description=f"{what.capitalize()}.", allow_abbrev=False
    )
    parser.set_defaults(run=run)
    return parser


def _named(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--name", default="default", help="the name of the lab; default unless given")
    return parser


def _up(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    parser.add_argument("--kubernetes", default="1.37", metavar="VERSION", help="1.37 unless given")
    add_level(parser)
    parser.add_argument(
        "--fleet",
        default="",
        metavar="PRODUCT:DEVICESxNODES,…",
        help="simulated nodes, such as h100:8x64,mi300x:8x16 for 64 nodes with 8 devices each and 16 more",
    )
    systems = parser.add_argument(
        "--with",
        dest="systems",
        type=names.comma,
        default=(),
        metavar="ID,…",
        help="systems to run in it, such as kueue,volcano; or the sets default and all",
    )
    names.completed_by(systems, "systems")


def add_level(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--level",
        choices=("control-plane", "node"),
        default="node",
        help="node, unless given, runs real pods and needs root",
    )


def run_up(args: argparse.Namespace) -> int:
    from seatrial.app import lab
    from seatrial.model.lab import LabLevel, LabSpec

    spec = LabSpec(
        name=args.name,
        kubernetes=args.kubernetes.removeprefix("v"),
        level=LabLevel(args.level),
        fleet=lab.parse_fleet(args.fleet),
        systems=args.systems,
    )
    status = _working(lambda tell: lab.up(spec, tell=tell))
    output.write(_portrait(status))
    return 0


def run_down(args: argparse.Namespace) -> int:
    from seatrial.app import lab

    _working(lambda tell: lab.down(args.name, tell=tell))
    return 0


def run_change(args: argparse.Namespace) -> int:
    from seatrial.app import lab

    status = _working(lambda tell: lab.change(args.name, args.fault, broken=args.broken, tell=tell))
    output.write(_portrait(status))
    return 0


def run_status(args: argparse.Namespace) -> int:
    import msgspec

    from seatrial.app import lab

    found = lab.status(args.name)
    if args.output == "json":
        output.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    else:
        output.write("\n".join(_portrait(status) for status in found) or "no lab is here\n")
    return 0


def run_kubeconfig(args: argparse.Namespace) -> int:
    from seatrial.app import lab

    output.write(f"{lab.kubeconfig(args.name)}\n")
    return 0


def run_faults(args: argparse.Namespace) -> int:
    from seatrial.app import listing

    output.write(listing.as_text(listing.rows("faults")))
    return 0


def run_image(args: argparse.Namespace) -> int:
    from seatrial.app import lab

    digest = _working(lambda tell: lab.image(args.output_file, tell=tell))
    output.write(f"{args.output_file}: {digest}\n")
    return 0


def run_logs(args: argparse.Namespace) -> int:
    from seatrial.app import lab
    from seatrial.kit.text import safe

    path = lab.logs(args.name, args.component)
    if args.path:
        output.write(f"{path}\n")
        return 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            output.write(safe(line))
    return 0


def _working(work: Callable[[Tell], Coroutine[Any, Any, T]]) -> T:
    """Run what takes time, and show how it goes. ``work`` gets the function to tell it to."""
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    with shown() as progress:
        return complete(work(progress.tell))


def _portrait(status: LabStatus) -> str:
    spec = status.spec
    rows = (
        ("server", status.server),
        ("kubeconfig", status.kubeconfig),
        ("systems", ", ".join(spec.systems)),
        ("fleet", ", ".join(f"{group.product}:{group.devices}x{group.nodes}" for group in spec.fleet)),
        ("running", ", ".join(status.running)),
        ("memory", f"{status.memory / 2**20:.0f} MiB" if status.memory else ""),
        ("MISSING", ", ".join(status.missing)),
        ("BROKEN BY", ", ".join(status.faults)),
    )
    lines = [f"lab {spec.name}: Kubernetes {spec.kubernetes}, level {spec.level}"]
    lines += [f"  {name + ':':<12}{value}" for name, value in rows if value]
    return "\n".join(lines) + "\n"
