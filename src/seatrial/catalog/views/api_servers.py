"""API servers that run as pods, with the flags that they were started with."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.views import ties
from seatrial.model.fact import Fact, Snapshot, View

_SERVER = "kube-apiserver"
_HOMES = ("kube-system", "openshift-")  # of what a cluster itself is made of


class ApiServer(View, frozen=True):
    of = "api-servers"
    drawn_from = (Pod,)
    ties = {Pod: ties.alone}

    pod: str = ""
    flags: dict[str, str] = {}

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for pod in snapshot.all(Pod):
            if not pod.metadata.namespace.startswith(_HOMES):
                continue
            for one in pod.spec.containers:
                words = (*one.command, *one.args)
                if any(word.rpartition("/")[2] == _SERVER for word in words[:3]):
                    yield cls(metadata=pod.metadata, pod=pod.subject, flags=_flags(words))

    @property
    def subject(self) -> str:
        return self.pod


def _flags(words: tuple[str, ...]) -> dict[str, str]:
    flags: dict[str, str] = {}
    for place, word in enumerate(words):
        if word.startswith("-"):
            name, joined, value = word.lstrip("-").partition("=")
            after = words[place + 1] if place + 1 < len(words) else ""
            flags[name] = value if joined else after
    return flags
