"""Sandboxing: a pod in a sandbox is not on the node's kernel, and sees nothing of its neighbours."""

from __future__ import annotations

import msgspec

from seatrial.catalog.checks.probe import MAIN, pod, reported, runs
from seatrial.catalog.roles import Sandbox
from seatrial.catalog.systems.kubernetes.core import HOST, ON_REAL_NODES, container, host_of
from seatrial.catalog.systems.sandboxes import RuntimeClass, matches
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Obj
from seatrial.model.verdict import Severity, Verdict, failed, passed, unknown
from seatrial.model.workbench import Workbench

SANDBOXED, NEIGHBOUR, ORDINARY = "sandboxed", "neighbour", "ordinary"
_PORT = "8099"
_MARKS = {name: f"/seatrial-mark-of-{name}" for name in (SANDBOXED, NEIGHBOUR, ORDINARY)}
_SERVES = ("serve", "--port", _PORT)


class Kernel(msgspec.Struct, frozen=True):
    """What a container says of the kernel under it, and of what it sees through it."""

    uname: dict[str, str] = {}
    version: str = ""
    boot: str = ""
    processes: dict[str, str] = {}
    readable: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    @property
    def identity(self) -> dict[str, str]:
        """What tells one kernel from another; a sandbox need not show all of it."""
        whole = {"boot_id": self.boot, "/proc/version": self.version, "uname": " ".join(self.uname.values())}
        return {name: value for name, value in whole.items() if value}


@check(
    "sandbox.kernel-is-not-shared",
    severity=Severity.HIGH,
    creates=("pods",),
    uses=("exec",),
)
async def kernel_is_not_shared(sandbox: Sandbox, classes: All[RuntimeClass], bench: Workbench) -> Verdict:
    """A pod in the sandbox runs on another kernel than the ordinary pods of its node, and sees none of them.

    Why: an agent that writes and runs its own code is a stranger; on a shared kernel one bug of it is a way into every pod
    and every accelerator of the node.
    Fix: install the sandbox's runtime on the nodes, and let its RuntimeClass name the handler that calls it.
    """
    if not sandbox.known:
        names = ", ".join(f"{one.name} ({one.handler})" for one in classes)
        return unknown(f"whether a RuntimeClass here is a sandbox is not known: {names}")
    name = next((one.name for one in classes if matches(one.handler, sandbox.handlers)), "")
    if not name:
        raise CannotJudge(f"no RuntimeClass names one of {', '.join(sandbox.handlers)} any more")
    trial = _Trial(bench, name)
    problem = await trial.starts() or await trial.kernels() or await trial.neighbours()
    return failed(problem) if problem else passed(trial.story)


class _Trial:
    """A sandboxed pod, and on the same node two ordinary ones, which are the controls."""

    def __init__(self, bench: Workbench, runtime_class: str) -> None:
        self.bench, self.runtime_class = bench, runtime_class
        self.inside, self.ordinary, self.neighbour = Kernel(), Kernel(), Kernel()
        self.address = ""
        self.story = ""

    async def starts(self) -> str:
        boxed = self._pod(SANDBOXED)
        boxed["spec"]["runtimeClassName"] = self.runtime_class
        there = await runs(self.bench, boxed)
        if there is None:
            return f"a pod with the RuntimeClass {self.runtime_class} does not run within {self.bench.patience:g} s"
        host = host_of(there, there["spec"]["nodeName"])
        for name in (NEIGHBOUR, ORDINARY):
            plain = self._pod(name)
            plain["spec"] |= {"nodeSelector": {HOST: host}, "tolerations": [{"operator": "Exists"}]}
            control = await runs(self.bench, plain)
            if control is None:
                raise CannotJudge(
                    f"the ordinary pod {name} does not run on {host}, so there is nothing to compare with"
                )
            self.address = control["status"].get("podIP", "")
        self.neighbour = await self._look(NEIGHBOUR)
        self.ordinary = await self._look(ORDINARY)
        self.inside = await self._look(SANDBOXED)
        return ""

    def _pod(self, name: str) -> Obj:
        made = pod(self.bench, name, affinity=ON_REAL_NODES)
        made["spec"]["containers"] = [container(MAIN, self.bench.image, (*_SERVES, "--name", name))]
        return made

    async def _look(self, name: str) -> Kernel:
        marks = [part for mark in _MARKS.values() for part in ("--mark", mark)]
        argv = ["/workload", "kernel", "--leave", _MARKS[name], *marks]
        ran = await self.bench.run(name, argv, container=MAIN)
        return reported(ran, Kernel, f"pod {name} did not report its kernel")

    async def kernels(self) -> str:
        """The controls: two ordinary pods agree in everything, so a difference means another kernel."""
        inside, ordinary = self.inside.identity, self.ordinary.identity
        self.bench.control("two ordinary pods on one node", first=self.neighbour.identity, second=ordinary)
        self.bench.control("the sandboxed pod", kernel=inside)
        if not ordinary.get("boot_id") or ordinary != self.neighbour.identity:
            raise CannotJudge("two ordinary pods on one node do not show the same kernel, so differences tell nothing")
        if inside.get("boot_id") == ordinary["boot_id"]:
            return f"the sandboxed pod shows the boot_id of the node's own kernel, {ordinary['uname']}"
        if all(inside.get(name) == value for name, value in ordinary.items() if name != "boot_id"):
            if "boot_id" in inside:
                self.story = "another boot of the same kernel"
                return ""
            return f"the sandboxed pod shows the node's own kernel, {ordinary['uname']}"
        self.story = (
            f"{inside.get('uname', 'an unnamed kernel')} where ordinary pods of the node show {ordinary['uname']}"
        )
        return ""

    async def neighbours(self) -> str:
        """Processes, files and loopback of the others, and the memory of the kernel."""
        others = (f"--name {NEIGHBOUR}", f"--name {ORDINARY}")
        foreign = {pid: line for pid, line in self.inside.processes.items() if line.endswith(others)}
        self.bench.control(
            "what the sandboxed pod sees",
            processes=self.inside.processes,
            readable=self.inside.readable,
            marks=self.inside.marks,
            addresses=self.inside.addresses,
        )
        if self.inside.readable:
            return f"the sandboxed pod reads {', '.join(self.inside.readable)}"
        if foreign:
            return f"the sandboxed pod sees processes of its neighbours: {foreign}"
        if set(self.inside.marks) != {_MARKS[SANDBOXED]}:
            return f"the sandboxed pod left {_MARKS[SANDBOXED]}, and sees {', '.join(self.inside.marks) or 'nothing'}"
        if self.address in self.inside.addresses:
            return f"the sandboxed pod has the address {self.address} of an ordinary one"
        return await self._loopback()

    async def _loopback(self) -> str:
        """Each answers on its own loopback; who answers there is whose network it is."""
        answers = {name: await self._who(name) for name in (ORDINARY, SANDBOXED)}
        self.bench.control("who answers on the loopback of each", answers=answers)
        if answers[ORDINARY] != ORDINARY:
            raise CannotJudge(f"on the loopback of an ordinary pod {answers[ORDINARY] or 'nobody'} answers")
        if answers[SANDBOXED] != SANDBOXED:
            return f"on the loopback of the sandboxed pod {answers[SANDBOXED] or 'nobody'} answers"
        self.story = (
            f"the sandboxed pod runs on {self.story}; it reads no kernel memory, and sees no process, file or loopback of two "
            "ordinary pods on its node"
        )
        return ""

    async def _who(self, name: str) -> str:
        ran = await self.bench.run(name, ["/workload", "get", f"http://127.0.0.1:{_PORT}/who"], container=MAIN)
        try:
            return str(msgspec.json.decode(ran.stdout).get("body", "")).strip()
        except (msgspec.DecodeError, AttributeError):
            return ""
