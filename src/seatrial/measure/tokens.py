"""A real tokenizer: words of which each is one token, so that prompts are as long as asked, and counts where a server gives none.

Only the process that makes the plan and adds up has it. Those that send have the words, in their plan, and hand in the text that
nobody counted: nothing is tokenized while a request is under way, and pods need no tokenizer.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from seatrial.measure.prompts import COMMON, mixed, texts_of
from seatrial.model.errors import UsageError
from seatrial.model.load import Api, Plan
from seatrial.model.load_result import Part, Row

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_FILE = "tokenizer.json"
_LARGEST = 256 << 20  # bytes
_FEWEST, _MOST = 32, 512  # words
_LOOKED_AT = 20_000
_WORD = re.compile(r"[Ġ▁]?([a-z]{2,12})", re.ASCII)
_SAMPLES, _LENGTH = 64, 100  # texts that are to be as long as they should


class Tokens:
    """``path``: a tokenizer.json of Hugging Face, or the folder that it is in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tokenizer = _loaded(path / _FILE if path.is_dir() else path)

    def count(self, text: str) -> int:
        """Without what a server adds to begin and to end a text."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def vocabulary(self) -> tuple[str, ...]:
        """Words that are a token each, wherever they stand in a text of such words."""
        known = sorted(match[1] for one in self._tokenizer.get_vocab() if (match := _WORD.fullmatch(one)))
        every = [*dict.fromkeys((*COMMON, *known))][:_LOOKED_AT]
        alone = [word for word, many in zip(every, self._counts(every), strict=True) if many == 1]
        pairs = self._counts(f"{alone[0]} {word}" for word in alone) if alone else []
        found = tuple(word for word, many in zip(alone, pairs, strict=True) if many == 2)[:_MOST]
        if len(found) < _FEWEST:
            raise self._no_use(f"only {len(found)} words are one token each")
        texts = (" ".join(_drawn(found, number)) for number in range(_SAMPLES))
        if any(many != _LENGTH for many in self._counts(texts)):
            raise self._no_use("a text of words that are one token each has another number of them")
        return found

    def _counts(self, texts: Iterable[str]) -> list[int]:
        return [len(one.ids) for one in self._tokenizer.encode_batch([*texts], add_special_tokens=False)]

    def _no_use(self, why: str) -> UsageError:
        return UsageError(
            f"{self.path} makes no prompts of an exact length: {why}", way_out="give texts of your own with --prompts"
        )


class Counter:
    """Puts numbers where the server gave none, and leaves the texts out of what is kept."""

    def __init__(self, plan: Plan, tokens: Tokens) -> None:
        self._tokens, self._texts, self._chat = tokens, texts_of(plan), plan.target.api is Api.CHAT

    @classmethod
    def of(cls, plan: Plan) -> Counter | None:
        """None where the plan was made without a tokenizer."""
        return cls(plan, Tokens(Path(plan.prompts.tokenizer))) if plan.prompts.tokenizer else None

    def counted(self, part: Part) -> Part:
        if all(row.tokens_in >= 0 and not row.text for row in part.rows):
            return part
        return msgspec.structs.replace(part, rows=tuple(map(self._row, part.rows)))

    def _row(self, row: Row) -> Row:
        return msgspec.structs.replace(
            row,
            tokens_in=row.tokens_in if row.tokens_in >= 0 else self._asked(row.index),
            tokens_out=self._tokens.count(row.text) if row.text and row.tokens_out < 0 else row.tokens_out,
            text="",
        )

    def _asked(self, index: int) -> int:
        texts = self._texts(index)
        return sum(map(self._tokens.count, texts)) if self._chat else self._tokens.count("\n".join(texts))


def _drawn(words: Sequence[str], number: int) -> Iterable[str]:
    return (words[mixed(number, place) % len(words)] for place in range(_LENGTH))


@functools.lru_cache(maxsize=2)
def _loaded(file: Path) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UsageError(
            "a tokenizer takes a package that is not here", way_out="pip install 'seatrial[tokenizer]'"
        ) from error
    try:
        if file.stat().st_size > _LARGEST:
            raise UsageError(f"{file} is too large for a tokenizer", way_out=f"name a {_FILE}")
        tokenizer = Tokenizer.from_str(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", way_out=f"name a {_FILE}, or its folder") from error
    except UsageError:
        raise
    except Exception as error:  # the package raises nothing more special
        raise UsageError(f"{file} is no tokenizer: {error}", way_out=f"name a {_FILE} of Hugging Face") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
