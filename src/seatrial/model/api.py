"""The protocol of a connection to an API server: what ``cluster`` offers and ``lab`` is handed by ``app``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from seatrial.model.fact import Apis, Obj


class Api(Protocol):
    async def discover(self) -> Apis: ...

    async def get(self, path: str) -> Obj | None:
        """One GET of an absolute path such as ``/api/v1/nodes/a``; ``None`` when there is no such object."""
        ...

    async def create(self, obj: Obj) -> Obj:
        """Create an object by its own apiVersion, kind and namespace; the path comes from discovery."""
        ...

    async def ensure(self, obj: Obj) -> bool:
        """Create an object unless there is one of its name: quicker than ``apply``, and ``False`` says that it was there."""
        ...

    async def apply(self, obj: Obj, *, subresource: str = "") -> Obj:
        """Server-side apply, forced, as field manager ``seatrial``."""
        ...

    async def delete(self, obj: Obj) -> bool:
        """Delete in the background; ``False`` when it was not there."""
        ...


Connect = Callable[[Path], AbstractAsyncContextManager[Api]]
"""From a kubeconfig file to a connection."""
