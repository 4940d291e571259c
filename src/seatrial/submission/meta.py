"""What only a person can say about a product: the file that ``submit build`` wants beside a Run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from seatrial.kit import yaml
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError
from seatrial.submission.metadata import BY_NAME, FIELDS
from seatrial.submission.official import STATUSES

DERIVED = "kubernetesVersion"  # comes from the checklist


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To a requirement that no Run proves; or links and notes that go beside a proof."""

    status: str = ""
    evidence: tuple[str, ...] = ()
    notes: str = ""


class Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    directory: str
    metadata: Mapping[str, str]
    requirements: Mapping[str, Answer] = {}


def parse(data: bytes, *, name: str) -> Meta:
    try:
        raw: Any = yaml.load(data, name=name)
        if isinstance(raw, dict) and raw.get("requirements", raw) is None:
            del raw["requirements"]  # a heading with nothing below it
        meta = msgspec.convert(raw, Meta)
    except (yaml.YamlError, msgspec.ValidationError) as error:
        where = "" if isinstance(error, yaml.YamlError) else f"{name}: "
        raise UsageError(
            f"{where}{one_line(str(error))}", way_out="seatrial submit build --template prints one to begin with"
        ) from error
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", meta.directory):
        raise UsageError(
            f"{name}: directory {one_line(meta.directory)!r} is no short name", way_out="such as my-platform"
        )
    unknown = sorted(set(meta.metadata) - set(BY_NAME) | ({DERIVED} & set(meta.metadata)))
    if unknown:
        known = ", ".join(field.name for field in FIELDS if field.name != DERIVED)
        raise UsageError(
            f"{name}: metadata has no place for {', '.join(map(one_line, unknown))}", way_out=f"it takes {known}"
        )
    for id, answer in meta.requirements.items():
        if answer.status not in ("", *STATUSES):
            raise UsageError(
                f"{name}: requirements.{one_line(id)}.status is none", way_out=f"one of {', '.join(STATUSES)}"
            )
    return meta


def template() -> str:
    fields = "\n".join(f'  {one.name}: ""  # {_asked(one.required)}{one.what}' for one in FIELDS if one.name != DERIVED)
    return f"""# What only a person can say about the product. Everything else comes from the Run and the checklist.

# The name of the directory: vX.Y/NAME
directory: my-platform

metadata:
{fields}

# Answers to what the Run does not prove, by id. A proof needs none; links and notes may be added to it.
# evidence: public addresses, or files beside this one, which are copied. N/A needs notes that say why it cannot apply.
requirements:
  ai_inference:
    status: Implemented
    evidence:
      - https://docs.example.com/gateway
    notes: ""
"""


def _asked(required: bool) -> str:
    return "" if required else "if there is any: "
