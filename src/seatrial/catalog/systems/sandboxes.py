"""Sandboxes that pods choose by a RuntimeClass; what is known of them is in the name of its handler."""

from __future__ import annotations

import fnmatch

from seatrial.catalog.roles import Sandbox
from seatrial.model.fact import Fact
from seatrial.model.system import Holds, System


class RuntimeClass(Fact, frozen=True):
    of = "node.k8s.io/runtimeclasses"

    handler: str = ""


# Handlers of runtimes that share the node's kernel, and do not pretend otherwise.
NO_SANDBOX = ("runc", "crun", "youki", "nvidia*", "amd*", "spin*", "wasm*", "slight*", "lunatic*")


def matches(handler: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(handler, pattern) for pattern in patterns)


def by_handler(*patterns: str) -> Holds:
    return Holds(
        RuntimeClass, lambda entry: matches(entry.handler, patterns), f"one of the handlers {', '.join(patterns)}"
    )


KATA_HANDLERS = ("kata", "kata-*")
GVISOR_HANDLERS = ("runsc", "runsc-*", "gvisor")


def _unheard_of(entry: RuntimeClass) -> bool:
    return not matches(entry.handler, (*NO_SANDBOX, *KATA_HANDLERS, *GVISOR_HANDLERS))


KATA = System(
    id="kata",
    title="Kata Containers",
    home="https://katacontainers.io",
    found_by=by_handler(*KATA_HANDLERS),
    facts=(RuntimeClass,),
    roles=(Sandbox(player="kata", handlers=KATA_HANDLERS),),
)

UNRECOGNISED_RUNTIME = System(
    id="unrecognised-runtime",
    title="A RuntimeClass whose handler is not recognised",
    home="https://kubernetes.io/docs/concepts/containers/runtime-class/",
    found_by=Holds(RuntimeClass, _unheard_of, "a handler that is not recognised"),
    roles=(Sandbox(player="unrecognised-runtime", stand_in=True, handlers=(), known=False),),
)
