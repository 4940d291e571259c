from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.kit.exposition import Series, series

TEXT = """\
# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-a",Hostname="n1"} 87
DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="GPU-b",Hostname="n1",} 0 1700000000000
DCGM_FI_DEV_GPU_UTILISATION{gpu="0"} 5
DCGM_FI_DEV_MEM_CLOCK{gpu="0"} 2619
plain 1e3
"""


def read(text: str, *names: str) -> list[Series]:
    return list(series(text, names))


def test_only_series_of_the_very_name_are_found() -> None:
    found = read(TEXT, "DCGM_FI_DEV_GPU_UTIL")
    assert [(one.labels["UUID"], one.value) for one in found] == [("GPU-a", 87.0), ("GPU-b", 0.0)]
    assert read(TEXT, "DCGM_FI_DEV_MEM", "UTIL", "#") == []


def test_a_series_without_labels() -> None:
    assert read(TEXT, "plain") == [Series("plain", {}, 1000.0)]


@pytest.mark.parametrize(
    "line",
    ["a{b} 1", 'a{b="c} 1', 'a{b="c" d="e"} 1', "a{} x", "a", "a{", 'a{b="c"}', "a NaN", 'a{b="c"} 1 2 3', "a{,} 1"],
)
def test_what_cannot_be_read_is_left_out_and_spoils_nothing(line: str) -> None:
    assert [one.value for one in read(f"a 1\n{line}\na 2\n", "a")] == [1.0, 2.0]


@given(st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=20), max_size=5))
def test_labels_come_back_as_they_were_written(labels: dict[str, str]) -> None:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    inside = ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())
    found = read(f"m{{{inside}}} 1.5\n", "m")
    if all(value.isprintable() or value == "\n" for value in labels.values()):
        assert found == [Series("m", labels, 1.5)]


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    read(text, "m", "a")
    read(f"m{{{text}", "m")
