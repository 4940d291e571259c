"""Objects as YAML that people review: one document each, long expressions line by line, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from seatrial.model.fact import Obj


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def documents(objects: Iterable[Obj]) -> bytes:
    text = yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=10_000)
    return text.encode()


def kustomization(*resources: str) -> bytes:
    return documents(
        [{"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(resources)}]
    )
