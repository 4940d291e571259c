"""Words of CEL about pods that several remedies share, and the pods on which remedies are tried."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from seatrial.catalog.systems.kubernetes.core import IMPLICIT, OTHER_DEVICES
from seatrial.model.fact import Obj

CONTAINERS = (
    "object.spec.containers\n+ object.spec.?initContainers.orValue([])\n+ object.spec.?ephemeralContainers.orValue([])"
)
DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = f"registry.example.com/models/server@{DIGEST}"


def texts(values: Iterable[str]) -> str:
    """A list of CEL. What JSON escapes CEL reads the same way."""
    return json.dumps(list(values))


_IS_DEVICE = (
    f"k.startsWith('{IMPLICIT}/') || (\n"
    "      k.contains('/') && !k.split('/')[0].endsWith('kubernetes.io') && !k.split('/')[0].contains('networking')\n"
    f"      && !(k.split('/')[0] in {texts(OTHER_DEVICES)}))"
)
USES_ACCELERATORS = (
    "size(object.spec.?resourceClaims.orValue([])) > 0\n"
    "|| (object.spec.containers + object.spec.?initContainers.orValue([])).exists(c,\n"
    f"    c.?resources.?limits.orValue({{}}).exists(k, {_IS_DEVICE}))"
)
"""As the checks have it: a claim, or an extended resource that is no card and no device of Kubernetes itself."""


def paths(patterns: Iterable[str]) -> str:
    """A regular expression for paths of a node by patterns with stars, however many slashes and dots are written."""
    gap = r"/(?:/|\./)*"
    written = ("/".join(re.escape(part).replace(r"\*", ".*") for part in one.strip("/").split("/")) for one in patterns)
    inside = "|".join(one.replace("/", gap) for one in written)
    return rf"^(?:/|\./)*(?:{inside})(?:/|/\.)*$"


def pod(name: str = "trial", **spec: Any) -> Obj:
    """A pod with an accelerator, in good order but for what is said."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container()], **spec},
    }


def container(**fields: Any) -> Obj:
    return {"name": "server", "image": IMAGE, "resources": {"limits": {"nvidia.com/gpu": "1"}}, **fields}


def plain(**fields: Any) -> Obj:
    """A container without an accelerator."""
    return {"name": "web", "image": IMAGE, **fields}
