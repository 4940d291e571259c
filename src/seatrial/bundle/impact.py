"""What a fix would do to what is there, in words and as data: first how many, then by namespace who."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from seatrial.kit.markdown import code, text
from seatrial.model.remedy import Fate, Hit, Impact

_WOULD = {
    Fate.REFUSED: "would be refused",
    Fate.DEPENDS: "would be let in or refused by who makes them",
    Fate.CHANGED: "would be changed",
}
_AS_IT_IS = {  # whether or not they are made again
    Fate.CUT: "would lose ways to others or from them at once",
    Fate.UNKNOWN: "might be hit, which what was read does not tell",
}


def summary(impact: Impact) -> str:
    """``of 40 pods 3 would be refused if they were made again``."""
    by = ", the API server says" if impact.by_server else ""
    again, now = _counts(impact, _WOULD), _counts(impact, _AS_IT_IS)
    if not again and not now:
        return f"none of {_many(impact.looked_at, impact.of)} would fare otherwise{by}"
    told = [f"{', '.join(again)} if made again"] if again else []
    return f"of {_many(impact.looked_at, impact.of)} {'; '.join((*told, *now))}{by}"


def _counts(impact: Impact, words: Mapping[Fate, str]) -> list[str]:
    return [f"{count} {would}" for fate, would in words.items() if (count := impact.count(fate))]


def by_namespace(impact: Impact) -> dict[str, list[Hit]]:
    found: dict[str, list[Hit]] = defaultdict(list)
    for hit in impact.hits:
        found[hit.namespace].append(hit)
    return dict(sorted(found.items()))


def counted(impact: Impact, hits: list[Hit]) -> str:
    """``12 pods of 3 workloads``; what is not made by something else is only counted."""
    objects, makers = sum(hit.objects for hit in hits), len({hit.subject for hit in hits})
    return _many(objects, impact.of) + (f" of {_many(makers, 'workloads')}" if impact.of == "pods" else "")


def _many(count: int, of: str) -> str:
    return f"{count} {of.removesuffix('s') if count == 1 else of}"


def markdown(impact: Impact, *, most: int) -> Iterator[str]:
    left = most
    for namespace, hits in by_namespace(impact).items():
        yield f"- {code(namespace) if namespace else 'of no namespace'}: {counted(impact, hits)}"
        for hit in hits[: max(left, 0)]:
            yield f"  - {code(hit.subject)} ({hit.objects}, {hit.fate}): {text('; '.join(hit.because), limit=600)}"
        if len(hits) > max(left, 0):
            yield f"  - and {len(hits) - max(left, 0)} more; all of them are in `remedies.json`"
        left -= len(hits)
    yield from (f"- Not known: {text(one, limit=600)}" for one in impact.unknown)


def row(impact: Impact) -> dict[str, Any]:
    return {
        "of": impact.of,
        "lookedAt": impact.looked_at,
        "toldBy": "the API server" if impact.by_server else "facts",
        **{fate.value: impact.count(fate) for fate in Fate},
        "hits": [
            {
                "subject": hit.subject,
                "namespace": hit.namespace,
                "fate": hit.fate,
                "objects": hit.objects,
                "because": hit.because,
            }
            for hit in impact.hits
        ],
        "unknown": impact.unknown,
    }
