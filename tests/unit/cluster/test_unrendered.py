"""Files that are no objects yet are left out of manifests, and what they are about is not known then."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.cluster import manifests
from seatrial.model.errors import UsageError
from tests.unit.cluster.test_manifests import KINDS, Pod, Policy, put

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME, namespace: n}\n"


def load(path: Path) -> manifests.Manifests:
    return manifests.load([str(path)], KINDS)


def chart(root: Path) -> Path:
    put(root / "chart/Chart.yaml", "apiVersion: v2\nname: c\n")
    put(root / "chart/values.yaml", "replicas: 3\nkind: Pod\n")
    put(root / "chart/templates/policy.yaml", "{{- if .Values.on }}\nkind: NetworkPolicy\n{{- end }}\n")
    put(
        root / "chart/templates/deep/quoted.yaml",
        'apiVersion: v1\nkind: Secret\nmetadata: {name: "{{ .Release.Name }}"}\n',
    )
    put(root / "chart/templates/plain.yaml", POD.replace("NAME", "plain"))
    return root


def test_templates_of_a_chart_are_left_out_and_leave_their_kinds_unknown(tmp_path: Path) -> None:
    found = load(chart(tmp_path))
    assert [pod.name for pod in found.all(Pod)] == ["plain"]
    assert found.gap(Pod) is None
    gap = found.gap(Policy)
    assert gap is not None
    assert gap.detail == (
        f"{tmp_path}/chart/templates/policy.yaml is a Helm template; give the output of: helm template {tmp_path}/chart"
    )


@pytest.mark.parametrize("name", ["policy.yaml", "deep/quoted.yaml"])
def test_a_template_alone_is_no_manifest(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is a Helm template, and no object yet") as caught:
        load(chart(tmp_path) / "chart/templates" / name)
    assert "helm template" in caught.value.way_out


def test_a_template_without_a_chart_is_told_with_its_line(tmp_path: Path) -> None:
    put(tmp_path / "a.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-x\n")
    with pytest.raises(UsageError, match=r"a\.yaml:4: a template that was not rendered, or damaged"):
        load(tmp_path)
    put(tmp_path / "a.yaml", "{{- if .x }}\n{{- end }}\n")
    with pytest.raises(UsageError, match=r"a\.yaml:1: a template that was not rendered, or damaged"):
        load(tmp_path)


def test_braces_in_a_text_are_no_template(tmp_path: Path) -> None:
    put(tmp_path / "rule.yaml", POD.replace("NAME", "a") + '# {{ no }}\nspec: {nodeName: "{{ $labels.node }}"}\n')
    assert load(tmp_path).all(Pod)[0].spec.node_name == "{{ $labels.node }}"


@pytest.mark.parametrize(
    "kustomization",
    [
        "patches: [{path: change.yaml}]",
        "patchesStrategicMerge: [change.yaml]",
        "patches: [{path: change.yaml, target: {kind: Pod}}]",
        "patchesJson6902: [{path: ./change.yaml, target: {kind: Pod, name: a}}]",
    ],
)
def test_patches_are_no_objects_and_leave_what_they_change_unknown(tmp_path: Path, kustomization: str) -> None:
    put(tmp_path / "kustomization.yaml", f"resources: [a.yaml]\n{kustomization}\n")
    put(tmp_path / "a.yaml", POD.replace("NAME", "a"))
    put(tmp_path / "change.yaml", POD.replace("NAME", "a") + "spec: {nodeName: other}\n")
    found = load(tmp_path)
    assert [pod.spec.node_name for pod in found.all(Pod)] == [""]
    gap = found.gap(Pod)
    assert gap is not None
    assert f"change.yaml is a patch of Kustomize; give the output of: kustomize build {tmp_path}" in gap.detail


def test_a_patch_may_stand_in_the_kustomization_itself(tmp_path: Path) -> None:
    inline = "patches:\n- target: {kind: NetworkPolicy}\n  patch: |-\n    - {op: remove, path: /spec}\n- patch: |-\n    kind: Pod\n    metadata: {name: a}\n"
    put(tmp_path / "base/kustomization.yaml", "resources: [a.yaml]\n")
    put(tmp_path / "base/a.yaml", POD.replace("NAME", "a"))
    put(tmp_path / "over/kustomization.yml", "resources: [../base]\n" + inline)
    found = load(tmp_path)
    assert len(found.all(Pod)) == 1
    for kind in (Pod, Policy):
        gap = found.gap(kind)
        assert gap is not None
        assert "kustomization.yml is a kustomization with patches in it" in gap.detail


@pytest.mark.parametrize(
    "said", ["patches: 5", "patches: [5, {path: 7}, {path: nowhere.yaml}]", "[]", "patches: [{target: [], patch: {}}]"]
)
def test_a_kustomization_of_another_shape_changes_nothing(tmp_path: Path, said: str) -> None:
    put(tmp_path / "kustomization.yaml", said)
    put(tmp_path / "a.yaml", POD.replace("NAME", "a"))
    found = load(tmp_path)
    assert (len(found.all(Pod)), found.gap(Pod)) == (1, None)
