"""A tokenizer of words, for which a word of the model server is a token: load generators want one, and those that they would fetch are far away."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

_UNKNOWN = "<unk>"
_SYLLABLES = ("bcdfghklmnprstvw", "aeiou", "klmnrst")


def write(folder: Path) -> Path:
    """What is no word of its is still a token, which is written like any other: nothing here is special."""
    folder.mkdir(parents=True, exist_ok=True)
    words = (_UNKNOWN, *map("".join, itertools.product(*_SYLLABLES)))
    model = {"type": "WordLevel", "unk_token": _UNKNOWN, "vocab": {word: number for number, word in enumerate(words)}}
    whole = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"}, "model": model}
    kind = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 131_072}
    (folder / "tokenizer.json").write_text(json.dumps(whole))
    (folder / "tokenizer_config.json").write_text(json.dumps(kind))
    return folder
