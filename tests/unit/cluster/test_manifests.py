"""Files on disk become a Snapshot that knows where each object stands."""

from __future__ import annotations

import contextlib
import io
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.cluster import manifests
from seatrial.cluster.manifests import Manifests
from seatrial.model.errors import UsageError
from seatrial.model.fact import Fact, GapReason, Shape


class PodSpec(Shape, frozen=True):
    node_name: str = ""
    priority: int = 0


class Pod(Fact, frozen=True):
    of = "pods"

    spec: PodSpec = PodSpec()


class Policy(Fact, frozen=True):
    of = "networking.k8s.io/networkpolicies"


class Class(Fact, frozen=True):
    of = "resource.k8s.io/deviceclasses"


KINDS = [Pod, Policy, Class]

TWO = """\
# a comment
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: n}
spec: {nodeName: m, containers: null}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: p
"""


def load(*sources: Path | str, stdin: bytes = b"") -> Manifests:
    return manifests.load([str(source) for source in sources], KINDS, stdin=io.BytesIO(stdin))


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def test_documents_of_a_file(tmp_path: Path) -> None:
    found = load(put(tmp_path / "two.yaml", TWO))
    assert found.all(Pod)[0].spec.node_name == "m"
    assert {subject: place.line for subject, place in found.places.items()} == {
        "pods/n/a": 2,
        "networking.k8s.io/networkpolicies/p": 7,
    }
    assert str(found.places["pods/n/a"]) == f"{tmp_path / 'two.yaml'}:2"
    assert dict(found.apis.served) == {"pods": ("v1",), "networking.k8s.io/networkpolicies": ("v1",)}
    gap = found.gap(Class)
    assert gap is not None
    assert gap.reason is GapReason.NOT_GIVEN


def test_folders_standard_input_and_lists(tmp_path: Path) -> None:
    put(tmp_path / "deep" / "er" / "a.yml", TWO)
    put(tmp_path / ".git" / "b.yaml", "broken: [")
    put(tmp_path / "values.yaml", "kind: 5\nreplicas: 3")
    put(tmp_path / "README.md", "# {{")
    items = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}} for name in ("x", "y", "x2")]
    put(tmp_path / "list.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1))
    listed = b"apiVersion: v1\nkind: PodList\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: s}\n"
    found = load(tmp_path, "-", stdin=listed)
    assert [pod.name for pod in found.all(Pod)] == ["x", "y", "x2", "a", "s"]
    assert found.places["pods/y"].line == 12
    assert str(found.places["pods/s"]) == "stdin:4"


def test_definitions_say_what_would_be_served(tmp_path: Path) -> None:
    definition = """\
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: queues.x.io}
        spec:
          group: x.io
          names: {plural: queues, kind: Queue}
          versions: [{name: v2, served: true}, {name: v1, served: false}]
        """
    assert load(put(tmp_path / "crd.yaml", definition)).apis.versions("x.io/queues") == ("v2",)


def test_objects_of_another_shape_become_a_gap(tmp_path: Path) -> None:
    path = put(
        tmp_path / "a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {priority: high}\n---\n" + TWO
    )
    found = load(path)
    gap = found.gap(Pod)
    assert [pod.name for pod in found.all(Pod)] == ["a"]
    assert gap is not None
    assert gap.reason is GapReason.UNREADABLE
    assert f"{path}:1: Expected `int`" in gap.detail


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: [", r"a\.yaml:\d+: "),
        ("kind: {{ .Values.kind }}", r"a\.yaml:1: "),
        ("kind: Pod\nkind: Pod", r"a\.yaml:2: the key 'kind' stands here twice"),
        (BOMB, r"a\.yaml:\d+: aliases add more than"),
        ("a: &a\n  b: *a", r"a\.yaml:2: the alias \*a refers to nothing"),
        ("[" * 5000, r"a\.yaml:1: nested deeper than 100 levels"),
        ("a: !!python/object/apply:os.system [ls]", "is not plain data"),
        ("a: \x01", r"a\.yaml:1: "),
        ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition", r"a\.yaml:1: .*spec"),
        (TWO + "---\n" + TWO, r"a\.yaml:13: pods/n/a stands at .*a\.yaml:2 already"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UsageError, match=said):
        load(tmp_path)


def test_broken_json(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.json:3: .*byte 12"):
        load(put(tmp_path / "a.json", '{"a":\n [1,\n ]}'))
    with pytest.raises(UsageError, match=r"b\.json:1: "):
        load(put(tmp_path / "b.json", "[" * 100_000))


def test_links_in_circles_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "in" / "a.yaml", TWO)
    (tmp_path / "in" / "round").symlink_to(tmp_path)
    (tmp_path / "in" / "self.yaml").symlink_to(tmp_path / "in" / "self.yaml")
    with pytest.raises(UsageError, match=r"self\.yaml: not a regular file"):
        load(tmp_path)
    (tmp_path / "in" / "self.yaml").unlink()
    assert len(load(tmp_path).all(Pod)) == 1


def test_no_such_place_and_nothing_in_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"no \.yaml.* file is in this folder"):
        load(tmp_path)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "_MOST_FILES", 2)
    for number in range(3):
        put(tmp_path / f"{number}.yaml", "")
    with pytest.raises(UsageError, match="more than 2 files"):
        load(tmp_path)


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "a.yaml", TWO)
    monkeypatch.setattr(manifests, "_LARGEST", 100)
    with pytest.raises(UsageError, match="more than"):
        load(path)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.fixed_dictionaries(
    {"apiVersion": st.sampled_from(["v1", "x/v1", "/", ""]) | ANY, "kind": st.sampled_from(["Pod", "List", "CustomResourceDefinition"])},
    optional={"metadata": ANY, "spec": ANY, "items": ANY},
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(OBJECT | ANY, max_size=3))
def test_no_objects_end_in_a_traceback(values: list[Any]) -> None:
    as_list = json.dumps({"kind": "List", "items": values}).encode()
    as_documents = b"\n---\n".join(json.dumps(value).encode() for value in values)
    for data in (as_list, as_documents, b"# yaml\n" + as_documents):
        with contextlib.suppress(UsageError):
            assert isinstance(load("-", stdin=data), Manifests)


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet="-:{}[]&*!|>'\"%@`#,?\n ab<", max_size=60).map(str.encode))
def test_no_bytes_end_in_a_traceback(data: bytes) -> None:
    with contextlib.suppress(UsageError):
        assert isinstance(load("-", stdin=data), Manifests)
