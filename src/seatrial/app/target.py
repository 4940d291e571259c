"""What a command is pointed at: one of a live cluster, a lab, a saved snapshot or a folder of manifests."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """At most one of ``lab``, ``snapshot`` and ``manifests`` is set; with none of them it is a live cluster."""

    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    request_timeout: float | None = None  # seconds; None means the client's own limit
    prometheus: str | None = None  # the address of a monitoring system; else one is looked for in the cluster
    window: int = 300  # seconds that questions to it about a while reach back
    lab: str | None = None
    snapshot: Path | None = None  # ours, or what another tool wrote down
    dump_limit: int | None = None  # bytes that such a dump may unpack to; None means the reader's own limit
    dump_is_whole: bool = False  # somebody says that of each kind that is in it, all is in it
    manifests: str | None = None  # a folder or file, or ``-`` for standard input

    @property
    def step(self) -> int:
        """Seconds between two points of such an answer: as fine as scrapes usually are, and at most sixty of them."""
        return max(15 if self.lab is None else 1, -(-self.window // 60))
