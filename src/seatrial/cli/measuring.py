"""``seatrial bench all`` and ``seatrial bench METRIC``: measure a cluster."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seatrial.cli import results, targets
from seatrial.model.errors import UsageError

if TYPE_CHECKING:
    from seatrial.model.run import Run

# What each area of metrics is about; a test holds this against the catalog, which --help need not load.
AREAS = {
    "all": "everything below",
    "utilisation": "how busy accelerators are, and how much of what is held does nothing",
    "memory": "how full the memory of accelerators is",
    "ttft": "time to the first token, as model servers tell it and their clients see it",
    "tokens": "tokens per second, as model servers tell it and their clients see it",
    "gangs": "how many gangs are whole in time under contention, and whether some lock each other up",
    "scale-out": "from a queue above its target until one more replica is ready, in its parts",
    "xids": "NVIDIA's errors that nobody has dealt with",
    "recovery": "from the loss of a pod, a node or a device until its workload serves again, in its parts",
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, about in AREAS.items():
        parser = commands.add_parser(
            name,
            help=about,
            description=f"Measure a cluster: {about}. What is done for it is done in a namespace of its own, after asking.",
            allow_abbrev=False,
        )
        parser.add_argument(
            "--window",
            type=targets.seconds,
            default=300.0,
            metavar="TIME",
            help="how far back the monitoring system is asked, such as 10m; 5m unless given",
        )
        parser.add_argument(
            "--times", type=count, default=3, metavar="N", help="how often what takes time is repeated; 3 unless given"
        )
        parser.add_argument(
            "--gangs", type=count, default=20, metavar="N", help="how many gangs are submitted; 20 unless given"
        )
        parser.add_argument(
            "--target",
            action="append",
            default=[],
            type=target,
            metavar="METRIC=NUMBER",
            help="what is good enough, instead of what the metric itself says; may be repeated",
        )
        parser.add_argument("-y", "--yes", action="store_true", help="create what measuring needs without asking")
        parser.add_argument(
            "--image", metavar="REFERENCE", help="the workload image, where the cluster pulls it from a registry"
        )
        targets.add(parser, files=False)
        results.add(parser)
        parser.set_defaults(run=run, metrics=(name,))


def count(text: str) -> int:
    value = int(text)
    if not 0 < value <= 10_000:
        raise ValueError(text)
    return value


def target(text: str) -> tuple[str, float]:
    name, equals, bound = text.partition("=")
    if not (name and equals):
        raise ValueError(text)
    return name, float(bound)


def run(args: argparse.Namespace) -> int:
    import msgspec

    from seatrial.app import bench
    from seatrial.cli.consent import asking
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    if not 1 <= args.window <= 30 * 24 * 3600:
        raise UsageError("--window is to be between 1 s and 30 days")
    where = msgspec.structs.replace(targets.of(args), window=round(args.window))
    with shown() as progress:
        result: Run = complete(
            bench.bench(
                where,
                names=args.metrics,
                extent=bench.Extent(times=args.times, gangs=args.gangs),
                targets=dict(args.target),
                consent=asking(yes=args.yes, progress=progress),
                image=args.image,
                tell=progress.tell,
                command=args.said,
            )
        )
    results.show(result, args)
    return bench.exit_code(result)
