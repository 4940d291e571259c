"""Policy engines: what their policy forbids is refused, and what it allows is let in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from seatrial.catalog.roles import Forbidden, PolicyEngine
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge, Rejected, Unreachable
from seatrial.model.fact import Obj
from seatrial.model.verdict import Severity, Verdict, failed, passed
from seatrial.model.workbench import Workbench

_DIGEST = "sha256:" + "0123456789abcdef" * 4
_NOWHERE = "127.0.0.1:9/seatrial"  # no name to look up, and nobody there: nothing is ever pulled
_SAYS = "is forbidden here"
_SILENT = re.compile(r'failed calling webhook "([^"]+)"')
_PAUSE = 0.2  # between two dry runs: nothing that the API server shows tells when an engine goes by a new policy


@check("policies.are-heeded", severity=Severity.HIGH, creates=("pods",))
async def are_heeded(engine: PolicyEngine, bench: Workbench) -> Verdict:
    """What a policy of this engine forbids is refused, and what it allows is let in.

    Why: rules about images, signatures and registries are only as good as the webhook that is asked about them. Where it is
    registered nowhere, or fails open while its program is away, every policy is still there to be seen and nothing heeds it.
    Fix: see that its webhook configuration names pods, reaches its program and has `failurePolicy: Fail`, with kube-system and
    its own namespace left out; run it with several replicas.
    """
    trial = _Trial(engine, bench)
    try:
        return await trial.judged()
    except Unreachable as error:
        silent = _SILENT.search(error.what)
        if silent is None or engine.webhook not in silent[1]:
            raise
        return failed(f"its webhook {silent[1]} does not answer, and what it is asked about cannot be made")


class _Trial:
    """One engine with one policy, and two pods that differ in their image."""

    def __init__(self, engine: PolicyEngine, bench: Workbench) -> None:
        self.engine, self.bench = engine, bench
        self.rule = Forbidden(
            name=bench.namespace,
            namespace=bench.namespace,
            forbidden=f"{_NOWHERE}/forbidden@{_DIGEST}",
            allowed=f"{_NOWHERE}/allowed@{_DIGEST}",
        )

    async def judged(self) -> Verdict:
        if self.engine.labels:
            await self.bench.patch(
                "namespaces", self.bench.namespace, {"metadata": {"labels": dict(self.engine.labels)}}
            )
        for obj in self.engine.dialect(self.rule, self.bench.apis):
            await self._make(obj)
        words = await self._refusal(self.rule.forbidden, lambda said: _SAYS in said, self.bench.patience)
        self.bench.control("a pod with the image that the policy forbids", refused=bool(words), words=words)
        if not words:
            return failed("a pod whose image its policy forbids is let in")
        if _SAYS not in words:
            raise CannotJudge(f"the pod was refused, and not by this policy: {words}")
        other = await self._refusal(self.rule.allowed, lambda said: not said, self.bench.window)
        self.bench.control("the same pod with the image that it allows", refused=bool(other), words=other)
        if _SAYS in other:
            return failed("a pod whose image its policy allows is refused by it as well")
        rest = f"not refused by it, though by other rules of this cluster ({other})" if other else "let in"
        return passed(f"the image that its policy forbids was refused ({words}), and the other one {rest}")

    async def _make(self, obj: Obj) -> None:
        """An engine makes kinds of its own; until it has, nobody knows them."""
        ends = asyncio.get_running_loop().time() + self.bench.patience
        while True:
            try:
                await self.bench.create(obj)
            except Rejected as error:
                if "does not serve" not in error.what or asyncio.get_running_loop().time() > ends:
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                return

    async def _refusal(self, image: str, met: Callable[[str], bool], within: float) -> str:
        """The last that is said of a pod with this image; empty when it is let in. Policies take a moment to be gone by."""
        ends = asyncio.get_running_loop().time() + within
        said = await self._asked(image)
        while not met(said) and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(_PAUSE)
            said = await self._asked(image)
        return said

    async def _asked(self, image: str) -> str:
        """Only what is refused is ever sent for real, for the words; if it is let in then, it goes with the namespace."""
        if await self.bench.admits(_pod(image)):
            return ""
        try:
            await self.bench.create(_pod(image))
        except Rejected as error:
            return error.what
        return ""


def _pod(image: str) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "trial"},
        "spec": {"containers": [{"name": "trial", "image": image}]},
    }
