"""How tools lay out what they write down: where the list of a kind lies, and what its place says about it.

Facts about other tools, row by row. Whatever has no row is read as well; then only the objects themselves tell what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from seatrial.cluster.dumps import names

_FILE = r"[^/]+\.(?:json|ya?ml)"


class Where(msgspec.Struct, frozen=True):
    """What the place of a file says: of which resource it is, and of which namespace. ``None`` says nothing."""

    of: str = ""
    namespace: str | None = None


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    marks: tuple[str, ...] = ()  # each has to fit the end of some name
    rows: tuple[str, ...] = ()  # with the groups `plural`, `group`, `resource` and `ns`
    takes_whole_kinds: bool = False  # of a kind, all objects of the namespaces that it was made of, one file each
    whole: frozenset[str] = frozenset()  # kinds that it has in full, one file each,
    whole_mark: str = ""  # where this fits, too

    def where(self, name: str) -> Where:
        for row in self.rows:
            if found := _fits(row, name):
                told = found.groupdict()
                resource = told.get("resource") or told.get("plural") or ""
                return Where(names.resource(resource, told.get("group")), told.get("ns"))
        return Where(names.resource(re.sub(r"\.(?:json|ya?ml)$", "", name.rpartition("/")[2])))


LAYOUTS = (
    Layout(
        title="Troubleshoot support bundle",
        marks=(rf"cluster-resources/(?:.+/)?{_FILE}",),
        rows=(
            r"cluster-resources/custom-resources/(?P<resource>[^/]+)/(?P<ns>[^/]+)\.(?:json|yaml)",
            r"cluster-resources/custom-resources/(?P<resource>[^/]+)\.(?:json|yaml)",
            r"cluster-resources/(?P<plural>[^/]+)/(?P<ns>[^/]+)\.json",
            r"cluster-resources/(?P<plural>[^/]+)\.json",
        ),
    ),
    Layout(
        title="Sonobuoy tarball",
        marks=(rf"resources/(?:cluster|ns/[^/]+)/{_FILE}",),
        rows=(
            r"resources/ns/(?P<ns>[^/]+)/(?P<group>[^/_]+)_v[0-9a-z]+_(?P<plural>[^/]+)\.json",
            r"resources/cluster/(?P<group>[^/_]+)_v[0-9a-z]+_(?P<plural>[^/]+)\.json",
            r"resources/ns/(?P<ns>[^/]+)/(?P<plural>[^/]+)\.json",
            r"resources/cluster/(?P<plural>[^/]+)\.json",
        ),
    ),
    Layout(
        title="OpenShift must-gather or oc adm inspect",
        marks=(rf"(?:cluster-scoped-resources/[^/]+|namespaces/[^/]+/(?:core|apps|batch))/(?:.+/)?{_FILE}",),
        rows=(
            r"namespaces/(?P<ns>[^/]+)/(?P<group>[^/]+)/(?P<plural>[^/]+)\.yaml",
            r"namespaces/(?P<ns>[^/]+)/(?P<group>[^/]+)/(?P<plural>[^/]+)/[^/]+\.yaml",
            r"cluster-scoped-resources/(?P<group>[^/]+)/(?P<plural>[^/]+)\.yaml",
            r"cluster-scoped-resources/(?P<group>[^/]+)/(?P<plural>[^/]+)/[^/]+\.yaml",
        ),
        whole=frozenset(
            (
                "nodes",
                "persistentvolumes",
                "storage.k8s.io/csinodes",
                "storage.k8s.io/storageclasses",
                "admissionregistration.k8s.io/mutatingwebhookconfigurations",
                "admissionregistration.k8s.io/validatingwebhookconfigurations",
            )
        ),
        whole_mark=r"cluster-scoped-resources/config\.openshift\.io/clusterversions(?:/[^/]+)?\.yaml",
    ),
    Layout(
        title="Velero backup",
        marks=(r"resources/[^/]+/(?:[^/]+/)?(?:cluster|namespaces/[^/]+)/[^/]+\.json",),
        rows=(
            r"resources/(?P<resource>[^/]+)/(?:[^/]+/)?namespaces/(?P<ns>[^/]+)/[^/]+\.json",
            r"resources/(?P<resource>[^/]+)/(?:[^/]+/)?cluster/[^/]+\.json",
        ),
        takes_whole_kinds=True,
    ),
    Layout(
        title="crust-gather archive",
        marks=(r"(?:cluster/v1/(?:node|namespace)|namespaces/[^/]+/v1/pod)/[^/]+\.(?:yaml|json)",),
        rows=(
            r"namespaces/(?P<ns>[^/]+)/[^/]+/[^/]+/[^/]+\.(?:yaml|json)",
            r"cluster/[^/]+/[^/]+/[^/]+\.(?:yaml|json)",
        ),
        takes_whole_kinds=True,
    ),
    Layout(
        title="kubectl cluster-info dump",
        marks=(r"[^/]+/replication-controllers\.(?:json|yaml)",),
        rows=(
            r"(?P<ns>[^/]+)/(?P<plural>events|replication-controllers|services|daemonsets|deployments|replicasets|pods)\.(?:json|yaml)",
        ),
    ),
)

OTHER = Layout(title="files with objects")


def told_by(file_names: Iterable[str]) -> Layout:
    """The layout that all its marks show."""
    every = list(file_names)
    return next(
        (one for one in LAYOUTS if all(any(_fits(mark, name) for name in every) for mark in one.marks)),
        OTHER,
    )


def has(pattern: str, file_names: Iterable[str]) -> bool:
    return bool(pattern) and any(_fits(pattern, name) for name in file_names)


def _fits(pattern: str, name: str) -> re.Match[str] | None:
    """At the end of the name, from the beginning of a folder or file on."""
    return _compiled(pattern).fullmatch(name)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:.*/)?{pattern}")
