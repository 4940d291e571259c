"""ConfigMaps, in which many systems keep the settings that they have no resource of their own for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.kit import yaml
from seatrial.model.fact import Fact


class ConfigMap(Fact, frozen=True):
    of = "configmaps"

    data: dict[str, str] = {}


class BadSettings(ValueError):
    """A ConfigMap whose text is not what its system reads: which one, and what is wrong with it."""


def settings(config: ConfigMap, key: str) -> Mapping[str, Any]:
    """One text of a ConfigMap as the mapping that it spells; empty where it has no such text."""
    where = f"{config.subject} {key}"
    try:
        found = [document.value for document in yaml.documents(config.data.get(key, ""), name=where)]
    except yaml.YamlError as error:
        raise BadSettings(str(error)) from error
    if len(found) > 1 or not all(isinstance(value, dict) for value in found):
        raise BadSettings(f"{where} is not one mapping")
    return found[0] if found else {}
