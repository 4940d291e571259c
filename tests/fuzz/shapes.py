"""What strangers may hand in: values of every type, objects that look like the real ones, and files that are cut or bent."""

from __future__ import annotations

import datetime as dt
import types
import typing
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from seatrial.model.fact import Shape

AMOUNTS = ("1", "0", "4", "500m", "80Gi", "1e3", "-1", "1x", "", "NaN", "1e999", "9" * 50, ".", "0x10", "8 Gi")
WORDS = (
    "", "a", "b", "x/y", "nvidia.com/gpu", "gpu.nvidia.com", "pods", "Pod", "True", "False", "Running", "Failed", "n1", "default",
    "kube-system", "latest", "registry.example/a:1", "a@sha256:" + "0" * 64, "../../etc", "\x00", "\x1b[31m", "\u202e", "{{}}", "${x}",
    "v1", "1.36.0", "99999999999999999999", "-1", "100%", "http://[::1", "kube-apiserver", "--model=x", "*", "[a", "\ud7ff", "é" * 300,
)  # fmt: skip
MOMENTS = ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")

words = st.sampled_from(WORDS) | st.sampled_from(AMOUNTS) | st.text(max_size=8)
numbers = st.sampled_from((0, 1, -1, 2**31, 2**63 - 1, -(2**63))) | st.integers(-5, 40)
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def like(shape: type[Shape]) -> st.SearchStrategy[dict[str, Any]]:
    """An object as it travels: each field is left out, or what it should be as to its type."""
    hints = _hints(shape)
    fields = {sent: _of(hints[name]) for name, sent in _sent(shape).items()}
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def bent(draw: st.DrawFn, shape: type[Shape]) -> dict[str, Any]:
    """Such an object with one part of it replaced by anything at all."""
    found = draw(like(shape))
    place: Any = found
    for _ in range(draw(st.integers(0, 4))):
        inner = [
            one
            for one in (place.values() if isinstance(place, dict) else place)
            if isinstance(one, dict | list) and one
        ]
        if not inner:
            break
        place = draw(st.sampled_from(inner))
    if isinstance(place, dict) and place:
        place[draw(st.sampled_from(sorted(place)))] = draw(anything)
    elif isinstance(place, list) and place:
        place[0] = draw(anything)
    return found


@cache
def _hints(shape: type[Shape]) -> dict[str, Any]:
    return typing.get_type_hints(shape)


@cache
def _sent(shape: type[Shape]) -> dict[str, str]:
    return dict(zip(shape.__struct_fields__, shape.__struct_encode_fields__, strict=True))


def _of(hint: Any) -> st.SearchStrategy[Any]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(_of(one) for one in args))
    if origin is tuple:
        return st.lists(st.deferred(lambda: _of(args[0])), max_size=2)
    if origin is dict:
        return st.dictionaries(words, st.deferred(lambda: _of(args[1])), max_size=2)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return st.deferred(lambda: like(typing.cast("type[Shape]", hint)))
    return _PLAIN.get(hint, anything)


_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: words,
    int: numbers,
    float: st.floats(allow_nan=False, allow_infinity=False, width=32),
    bool: st.booleans(),
    types.NoneType: st.none(),
    dt.datetime: st.sampled_from(MOMENTS),
}


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file that was cut, or in which some bytes are others, or there twice."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        how = draw(st.sampled_from(("cut", "change", "insert", "repeat")))
        if how == "cut":
            del data[at:]
        elif how == "change" and data:
            data[at] = draw(st.integers(0, 255))
        elif how == "insert":
            data[at:at] = draw(
                st.sampled_from((b"null", b"[", b"{", b'"', b"\xff", b"1e999", b"- ", b"\n", b"&a *a", b"!!python/x"))
            )
        else:
            data[at:at] = data[at : at + 40]
    return bytes(data)
