"""The pins and the releases are data; these keep them in agreement with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seatrial.lab.forge import releases
from seatrial.lab.forge.recipes import COSIGN, NEWEST, NODE, PROGRAMS, TOOLS, UPSTREAM, kube, pinned_version

KUBE_PINS = sorted(PROGRAMS.joinpath("kube", "pins").iterdir())
MODULES = sorted(path.parent for path in PROGRAMS.rglob("go.mod") if path.parent.name != "workload")
ALL_PINS = [path for path in MODULES if path.parent not in MODULES]  # one within another is our own, and needs nothing


@pytest.mark.parametrize("pins", KUBE_PINS, ids=lambda path: path.name)
def test_each_kubernetes_is_of_one_release_throughout(pins: Path) -> None:
    version = pinned_version(pins, "k8s.io/kubernetes")
    assert version.startswith(f"v{pins.name}.")
    staging = set(
        re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ (\S+)$", pins.joinpath("go.mod").read_text(), re.MULTILINE)
    )
    assert staging == {"v0." + version.split(".", 1)[1]}


@pytest.mark.parametrize("pins", ALL_PINS, ids=lambda path: str(path.relative_to(PROGRAMS)))
def test_every_pin_has_its_checksums(pins: Path) -> None:
    sums = pins.joinpath("go.sum").read_text()
    wanted = re.sub(r"^exclude \(.*?^\)", "", pins.joinpath("go.mod").read_text(), flags=re.MULTILINE | re.DOTALL)
    required = re.findall(r"^\t(\S+) (v\S+)$", wanted, re.MULTILINE)
    replaced = set(re.findall(r"(\S+)(?: v\S+)? =>", pins.joinpath("go.mod").read_text()))
    missing = [
        f"{module} {version}"
        for module, version in required
        if module not in replaced and f"{module} {version} h1:" not in sums
    ]
    assert missing == []


def test_the_newest_kubernetes_is_pinned() -> None:
    assert KUBE_PINS[-1].name == NEWEST


def test_stamps_and_tags_follow_from_the_pins() -> None:
    build = kube(NEWEST)
    assert "gitMinor=37" in build.ldflags
    assert f"kube{NEWEST}" in build.tags
    assert "ours" not in build.tags
    assert "ours" in kube(NEWEST, only_ours=True).tags


def test_a_tool_is_none_of_the_programs_of_a_lab() -> None:
    assert COSIGN.version.startswith("v3.")
    assert not TOOLS.keys() & {"kube", *NODE}


def test_a_release_is_published_for_every_program_of_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATRIAL_MIRROR_KUBERNETES", "https://mirror.example/k8s/")
    published = releases.of_kubernetes(NEWEST, UPSTREAM)
    assert {program for release in published for program in release.programs} == set(UPSTREAM)
    apiserver = next(release for release in published if "kube-apiserver" in release.programs)
    assert re.fullmatch(r"https://mirror\.example/k8s/release/v1\.37\.\d+/bin/linux/\w+/kube-apiserver", apiserver.url)
    assert [release.url for release in releases.of_kubernetes(NEWEST, ("etcd",))] == [published[-1].url]


@pytest.mark.parametrize("id", ["containerd", "cni", "runc"])
def test_the_releases_of_a_node_bring_what_the_build_makes(id: str) -> None:
    (release,) = releases.of_node(id)
    assert set(release.programs) == set(NODE[id].programs)
    assert NODE[id].version[1:] in release.url


def test_nobody_publishes_our_own_programs() -> None:
    assert releases.of_node("workload") == ()


def requirements(id: str) -> dict[str, str]:
    """The versions that a system is built with."""
    text = PROGRAMS.joinpath("systems", id, "go.mod").read_text()
    text = re.sub(r"^exclude \(.*?^\)", "", text, flags=re.MULTILINE | re.DOTALL)
    replaced = dict(re.findall(r"(\S+)(?: v\S+)? => \S+ (v\S+)$", text, re.MULTILINE))
    required = dict(re.findall(r"^\t(\S+) (v\S+?)(?: // indirect)?$", text, re.MULTILINE))
    return {module: replaced.get(module, version) for module, version in required.items()}


# What the others replace, or are themselves, cannot be the same.
@pytest.mark.parametrize(
    ("id", "other", "apart"),
    [
        ("jobset", "kueue", {"sigs.k8s.io/jobset"}),
        ("lws", "kueue", {"sigs.k8s.io/lws"}),
        ("prometheus-adapter", "volcano", {"google.golang.org/grpc"}),
    ],
)
def test_neighbours_share_their_libraries_so_that_these_are_compiled_once(id: str, other: str, apart: set[str]) -> None:
    mine, theirs = requirements(id), requirements(other)
    both = mine.keys() & theirs.keys()
    assert len(both) > 50
    assert {module for module in both if mine[module] != theirs[module]} <= apart
