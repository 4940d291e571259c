"""Node selectors, evaluated as the scheduler does. What has another shape than Kubernetes writes selects nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Labels = Mapping[str, str]
_NAME = "metadata.name"


def keys_of(selector: Labels, required: Any) -> frozenset[str]:
    """The labels that it looks at; ``metadata.name`` stands for the name."""
    asked = [str(one.get("key", "")) for term in _terms(required) for one in _list(term.get("matchExpressions"))]
    named = [_NAME for term in _terms(required) if _list(term.get("matchFields"))]
    return frozenset((*selector, *asked, *named))


def selects(selector: Labels, required: Any, labels: Labels, name: str) -> bool:
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    if required is None:
        return True
    return any(_matches(term, labels, name) for term in _terms(required))


def _matches(term: Mapping[str, Any], labels: Labels, name: str) -> bool:
    expressions, fields = _list(term.get("matchExpressions")), _list(term.get("matchFields"))
    if not expressions and not fields:
        return False
    return all(_holds(one, labels) for one in expressions) and all(_holds(one, {_NAME: name}) for one in fields)


def _holds(one: Mapping[str, Any], labels: Labels) -> bool:
    key, values = str(one.get("key", "")), one.get("values") or ()
    match one.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "Gt" | "Lt" as operator:
            return _compares(operator, labels.get(key, ""), values)
        case _:
            return False


def _compares(operator: str, label: str, values: Any) -> bool:
    try:
        there, bound = int(label), int(values[0])
    except (ValueError, IndexError, TypeError):
        return False
    return there > bound if operator == "Gt" else there < bound


def _terms(required: Any) -> Iterator[Mapping[str, Any]]:
    terms = required.get("nodeSelectorTerms") if isinstance(required, dict) else None
    yield from (term for term in _list(terms))


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []
