"""model-server: have the simulated model server, and run it until somebody says stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from seatrial.lab import forge
from seatrial.lab import model_server as servers
from seatrial.model.errors import UsageError
from seatrial.model.progress import Tell, silent


async def serve(
    options: Mapping[str, str],
    *,
    tls: Path | None = None,
    mutual: bool = False,
    keys: str = "",
    begun: Callable[[str], None],
    tell: Tell = silent,
) -> servers.Served:
    """What it did in all. ``begun`` is told its URL. ``tls`` is a folder with certificates, which are made where there are none."""
    if mutual and tls is None:
        raise UsageError("without TLS nobody shows a certificate", way_out="add --tls FOLDER")
    if tls is not None:
        options = {**options, **servers.secured(tls, options.get("host", servers.HOST), mutual=mutual)}
    programs = await forge.obtain([servers.PROGRAM], tell=tell)
    async with servers.running(programs[servers.PROGRAM], options, keys=keys) as server:
        begun(server.url)
        try:
            await server.wait()
        except asyncio.CancelledError:  # Ctrl-C is how this is meant to end
            return await server.stop()
    raise AssertionError("a server that ended by itself is an error, and was raised as one")
