"""Dumps of other tools, in the layouts that those write: what is read, what is empty, and what nobody can know."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from seatrial.cluster.dumps.reading import Dump, load
from seatrial.model.errors import UsageError
from seatrial.model.fact import Fact, Shape

ALWAYS = ("default", "kube-node-lease", "kube-public", "kube-system")
BORN = "2026-03-01T10:00:00Z"


class PodSpec(Shape, frozen=True):
    node_name: str = ""


class Pod(Fact, frozen=True):
    of = "pods"
    spec: PodSpec = PodSpec()


class Node(Fact, frozen=True):
    of = "nodes"


class Namespace(Fact, frozen=True):
    of = "namespaces"


class Policy(Fact, frozen=True):
    of = "networking.k8s.io/networkpolicies"


class Quota(Fact, frozen=True):
    of = "resourcequotas"


class DaemonSet(Fact, frozen=True):
    of = "apps/daemonsets"


class Workspace(Fact, frozen=True):
    of = "kaito.sh/workspaces"


KINDS = [Pod, Node, Namespace, Policy, Quota, DaemonSet, Workspace]


def obj(
    kind: str, name: str, namespace: str = "", *, api: str = "v1", typed: bool = True, **more: Any
) -> dict[str, Any]:
    meta = {"name": name, "creationTimestamp": BORN, **more.pop("metadata", {})} | (
        {"namespace": namespace} if namespace else {}
    )
    return {**({"apiVersion": api, "kind": kind} if typed else {}), "metadata": meta, **more}


def pod(name: str, namespace: str, *, typed: bool = True, **metadata: Any) -> dict[str, Any]:
    return obj("Pod", name, namespace, typed=typed, metadata=metadata, spec={"nodeName": "n1"})


def node(name: str = "n1", version: str = "v1.34.2", **more: Any) -> dict[str, Any]:
    return obj("Node", name, status={"nodeInfo": {"kubeletVersion": version}}, **more)


def listed(*items: Any, kind: str = "List", api: str = "v1") -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {}, "items": list(items)}


def put(root: Path, files: Mapping[str, Any]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        elif name.endswith((".yaml", ".yml")):
            path.write_text(yaml.safe_dump(content))
        else:
            path.write_text(json.dumps(content, indent=4))
    return root


def state(dump: Dump, kind: type[Fact]) -> str:
    """``whole``, or why not."""
    gap = dump.gap(kind)
    return "whole" if gap is None else f"{gap.reason}: {gap.detail}"


def names(dump: Dump, kind: type[Fact]) -> list[str]:
    return sorted(fact.name for fact in dump.all(kind))


def test_lists_of_all_namespaces(tmp_path: Path) -> None:
    everything = listed(pod("a", "x"), pod("b", "kube-system"), obj("DaemonSet", "d", "x", api="apps/v1"), node())
    put(
        tmp_path,
        {
            "all.json": everything,
            "resourcequotas.json": listed(),
            "networkpolicies.yaml": listed(kind="NetworkPolicyList", api="networking.k8s.io/v1"),
        },
    )
    dump = load(tmp_path, KINDS)
    assert {kind.of: state(dump, kind) for kind in (Pod, DaemonSet, Node, Quota, Policy)} == dict.fromkeys(
        ("pods", "apps/daemonsets", "nodes", "resourcequotas", "networking.k8s.io/networkpolicies"), "whole"
    )
    assert names(dump, Pod) == ["a", "b"]
    assert dump.all(Pod)[0].spec.node_name == "n1"
    assert dump.all(Quota) == ()
    assert state(dump, Workspace) == (
        "not-collected: the dump has none, and no empty list of them; it needs the output of: kubectl get workspaces.kaito.sh -A -o json"
    )
    assert dump.cluster.version == "v1.34.2"
    assert dump.taken_at == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    assert dump.layout == "files with objects"


def test_a_list_without_pods_of_the_system_is_a_selection(tmp_path: Path) -> None:
    """Such as one with a selector: what else is in that list is not all there is, either."""
    some = [pod("a", "x"), pod("c", "y"), obj("ResourceQuota", "q", "x"), obj("ResourceQuota", "r", "y")]
    dump = load(put(tmp_path, {"some.json": listed(*some)}), KINDS)
    assert "only those of the namespaces x, y" in state(dump, Pod)
    assert "only those of the namespaces x, y" in state(dump, Quota)
    assert state(load(tmp_path, KINDS, whole=True), Quota) == "whole"


def test_a_list_of_one_namespace_shows_nothing_of_the_others(tmp_path: Path) -> None:
    put(tmp_path, {"pods.json": listed(pod("a", "x")), "one.yaml": obj("DaemonSet", "d", "x", api="apps/v1")})
    dump = load(tmp_path, KINDS)
    assert state(dump, Pod) == (
        "not-collected: the dump has only those of the namespace x, and nothing shows that these are all namespaces"
    )
    assert state(dump, DaemonSet).endswith("single objects, and no list that would show whether they are all")
    assert names(dump, Pod) == ["a"]
    assert state(load(tmp_path, KINDS, whole=True), Pod) == "whole"
    assert state(load(tmp_path, KINDS, whole=True), Policy).startswith("not-collected: the dump has none")


def test_whether_a_system_is_there_is_not_known_without_a_word_on_what_is_served(tmp_path: Path) -> None:
    put(tmp_path, {"pods.json": listed(pod("a", "x"), pod("b", "kube-system"))})
    dump = load(tmp_path, KINDS, resources=("kueue.x-k8s.io/clusterqueues",))
    assert dump.apis.why_broken("kueue.x-k8s.io/clusterqueues")
    assert dump.apis.why_broken("kaito.sh/workspaces")
    assert dump.apis.versions("pods") == ("v1",)
    crd = obj(
        "CustomResourceDefinition",
        "w",
        api="apiextensions.k8s.io/v1",
        spec={
            "group": "kaito.sh",
            "names": {"plural": "workspaces"},
            "versions": [{"name": "v1beta1", "served": True}],
        },
    )
    put(tmp_path, {"crds.json": listed(crd)})
    dump = load(tmp_path, KINDS, resources=("kueue.x-k8s.io/clusterqueues",))
    assert dump.apis.why_broken("kueue.x-k8s.io/clusterqueues") == ""
    assert dump.apis.versions("kaito.sh/workspaces") == ("v1beta1",)
    assert state(dump, Workspace).startswith("not-collected")
    put(tmp_path, {"crds.json": listed(kind="CustomResourceDefinitionList", api="apiextensions.k8s.io/v1")})
    assert state(load(tmp_path, KINDS), Workspace) == "absent: kaito.sh/workspaces is not served by this cluster"


def cluster_info(*namespaces: str) -> dict[str, Any]:
    """Its items do not say what they are."""
    files: dict[str, Any] = {"nodes.json": listed(node(typed=False), kind="NodeList")}
    for at in namespaces:
        files[f"{at}/pods.json"] = listed(*([pod("a", at, typed=False)] if at == "kube-system" else []), kind="PodList")
        files[f"{at}/daemonsets.json"] = listed(kind="DaemonSetList", api="apps/v1")
        files[f"{at}/replication-controllers.json"] = listed(kind="ReplicationControllerList")
        files[f"{at}/a/logs.txt"] = "==== START logs for container"
    return files


def test_cluster_info_dump(tmp_path: Path) -> None:
    dump = load(put(tmp_path / "some", cluster_info("kube-system", "default")), KINDS)
    assert dump.layout == "kubectl cluster-info dump"
    assert names(dump, Pod) == ["a"]
    assert state(dump, Node) == "whole"
    assert "only those of the namespaces default, kube-system" in state(dump, Pod)
    assert "only those of the namespaces default, kube-system" in state(dump, DaemonSet)
    dump = load(put(tmp_path / "all", cluster_info(*ALWAYS, "team")), KINDS)
    assert (state(dump, Pod), state(dump, DaemonSet)) == ("whole", "whole")
    assert state(dump, Quota).startswith("not-collected: the dump has none")


def test_cluster_info_dump_in_one_stream(tmp_path: Path) -> None:
    """Between its documents it has logs, and those may look like anything."""
    log = '==== START logs for container c of pod x/a ====\n{"kind": "PodList", "apiVersion": "v1", "items": []}\n{broken\n==== END logs for container c of pod x/a ====\n'
    parts = (
        listed(node(typed=False), kind="NodeList"),
        listed(kind="ReplicationControllerList"),
        listed(kind="DaemonSetList", api="apps/v1"),
        listed(pod("a", "x", typed=False), kind="PodList"),
    )
    put(tmp_path, {"dump.json": "\n".join(json.dumps(one, indent=4) for one in parts) + "\n" + log})
    dump = load(tmp_path / "dump.json", KINDS)
    assert names(dump, Pod) == ["a"]
    assert "only those of the namespace x" in state(dump, Pod)
    assert state(dump, DaemonSet).startswith("not-collected"), "an empty list of one namespace is not that of all"


def must_gather() -> dict[str, Any]:
    top = "must-gather.local.1/quay-io-release-sha256-abc"
    return {
        f"{top}/version": "openshift/must-gather\n4.20",
        f"{top}/event-filter.html": "<html>",
        f"{top}/cluster-scoped-resources/config.openshift.io/clusterversions/version.yaml": obj(
            "ClusterVersion", "version", api="config.openshift.io/v1"
        ),
        f"{top}/cluster-scoped-resources/core/nodes/n1.yaml": node(),
        f"{top}/cluster-scoped-resources/core/namespaces/openshift-dns.yaml": obj("Namespace", "openshift-dns"),
        f"{top}/namespaces/openshift-dns/openshift-dns.yaml": obj("Namespace", "openshift-dns"),
        f"{top}/namespaces/openshift-dns/core/pods.yaml": listed(pod("dns", "openshift-dns"), kind="PodList"),
        f"{top}/namespaces/openshift-dns/core/secrets.yaml": listed(kind="SecretList"),
        f"{top}/namespaces/openshift-dns/apps/daemonsets.yaml": listed(kind="DaemonSetList", api="apps/v1"),
        f"{top}/namespaces/openshift-dns/pods/dns/dns.yaml": pod("dns", "openshift-dns"),
        f"{top}/namespaces/openshift-dns/pods/dns/dns/dns/logs/current.log": "log",
    }


def test_must_gather(tmp_path: Path) -> None:
    dump = load(put(tmp_path, must_gather()), KINDS)
    assert dump.layout == "OpenShift must-gather or oc adm inspect"
    assert (names(dump, Pod), names(dump, Node)) == (["dns"], ["n1"])
    assert state(dump, Node) == "whole"
    assert "only those of the namespace openshift-dns" in state(dump, Pod)
    assert "only those of the namespace openshift-dns" in state(dump, DaemonSet)
    assert "not even those that every cluster has" in state(dump, Namespace)
    assert dump.notes == ()


def test_sonobuoy_writes_no_empty_lists_and_says_what_it_asked(tmp_path: Path) -> None:
    spaces = [obj("Namespace", name, metadata={"uid": f"u-{name}"}) for name in (*ALWAYS, "team")]
    asked = [
        {"queryobj": plural, "namespace": at, "time": "1ms"}
        for plural in ("pods", "networkpolicies", "resourcequotas")
        for at in (*ALWAYS, "team")
    ]
    asked = [
        one | ({"error": {}} if (one["queryobj"], one["namespace"]) == ("resourcequotas", "team") else {})
        for one in asked
    ]
    put(
        tmp_path,
        {
            "resources/cluster/core_v1_nodes.json": listed(node(), kind="NodeList"),
            "resources/cluster/core_v1_namespaces.json": listed(*spaces, kind="NamespaceList"),
            "resources/ns/kube-system/core_v1_pods.json": listed(pod("a", "kube-system"), kind="PodList"),
            "meta/query-time.json": asked,
            "serverversion.json": {"major": "1", "minor": "36", "gitVersion": "v1.36.1", "platform": "linux/arm64"},
            "servergroups.json": {
                "kind": "APIGroupList",
                "groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]}],
            },
            "podlogs/kube-system/a/logs/c.txt": "log",
        },
    )
    dump = load(tmp_path, KINDS)
    assert dump.layout == "Sonobuoy tarball"
    assert (dump.cluster.version, dump.cluster.platform, dump.cluster.uid) == (
        "v1.36.1",
        "linux/arm64",
        "u-kube-system",
    )
    assert [state(dump, kind) for kind in (Pod, Node, Namespace, Policy)] == ["whole"] * 4
    assert dump.all(Policy) == ()
    assert "nothing shows that these are all" in state(dump, Quota), "one question was not answered"
    assert state(dump, Workspace).startswith("absent")
    (tmp_path / "meta/query-time.json").unlink()
    assert state(load(tmp_path, KINDS), Policy).startswith("not-collected")


def test_support_bundle(tmp_path: Path) -> None:
    at = "support-bundle-2026/cluster-resources"
    files: dict[str, Any] = {
        f"{at}/namespaces.json": [obj("Namespace", name, typed=False) for name in (*ALWAYS, "team")],
        f"{at}/nodes.json": listed(node(), kind="NodeList"),
        f"{at}/pods-errors.json": None,
        f"{at}/resources.json": [
            {"groupVersion": "v1", "resources": [{"name": "pods"}, {"name": "pods/log"}]},
            {"groupVersion": "networking.k8s.io/v1", "resources": [{"name": "networkpolicies"}]},
        ],
        f"{at}/resource-quota-errors.json": {"team": "forbidden: no quotas for you"},
        f"{at}/auth-cani-list/default.json": [{"verbs": ["get"]}],
        "support-bundle-2026/cluster-info/cluster_version.json": {
            "info": {"gitVersion": "v1.35.0", "platform": "linux/amd64"},
            "string": "v1.35.0",
        },
        "support-bundle-2026/analysis.json": [{"name": "x"}],
    }
    for name in (*ALWAYS, "team"):
        files[f"{at}/pods/{name}.json"] = [pod("a", name, typed=False)]
        files[f"{at}/network-policy/{name}.json"] = listed(kind="NetworkPolicyList", api="networking.k8s.io/v1")
        if name != "team":
            files[f"{at}/resource-quota/{name}.json"] = []
    dump = load(put(tmp_path, files), KINDS)
    assert dump.layout == "Troubleshoot support bundle"
    assert [state(dump, kind) for kind in (Pod, Node, Namespace, Policy)] == ["whole"] * 4
    assert len(dump.all(Pod)) == 5
    assert "forbidden: no quotas for you" in state(dump, Quota)
    assert state(dump, Workspace).startswith("absent")
    assert dump.cluster.version == "v1.35.0"


def velero(*namespaces: str) -> dict[str, Any]:
    files: dict[str, Any] = {"metadata/version": "1.1.0"}
    for name in namespaces:
        files[f"resources/namespaces/cluster/{name}.json"] = obj("Namespace", name)
        files[f"resources/namespaces/v1-preferredversion/cluster/{name}.json"] = obj("Namespace", name)
    files[f"resources/pods/namespaces/{namespaces[0]}/a.json"] = pod("a", namespaces[0])
    files[f"resources/workspaces.kaito.sh/namespaces/{namespaces[0]}/w.json"] = obj(
        "Workspace", "w", namespaces[0], api="kaito.sh/v1beta1"
    )
    return files


def test_velero_backup(tmp_path: Path) -> None:
    dump = load(put(tmp_path / "all", velero("team", *ALWAYS)), KINDS)
    assert dump.layout == "Velero backup"
    assert [state(dump, kind) for kind in (Pod, Namespace, Workspace)] == ["whole"] * 3
    assert state(dump, Policy).startswith("not-collected"), "a backup has no word on what it left out"
    assert dump.notes == ()
    dump = load(put(tmp_path / "one", velero("team")), KINDS)
    assert "only those of the namespace team" in state(dump, Pod)
    assert state(dump, Namespace).startswith("not-collected")


def test_crust_gather(tmp_path: Path) -> None:
    files: dict[str, Any] = {f"c/cluster/v1/namespace/{name}.yaml": obj("Namespace", name) for name in ALWAYS}
    files["c/cluster/v1/node/n1.yaml"] = node()
    files["c/namespaces/default/v1/pod/a.yaml"] = pod("a", "default")
    files["c/app-versions.yaml"] = [{"name": "a", "namespace": "default"}]
    dump = load(put(tmp_path, files), KINDS)
    assert dump.layout == "crust-gather archive"
    assert [state(dump, kind) for kind in (Pod, Node, Namespace)] == ["whole"] * 3
    assert state(dump, DaemonSet).startswith("not-collected")


def packed(root: Path, how: str) -> Path:
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    path = root.parent / f"dump.{how}"
    if how == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(root))
        return path
    mode: Any = {"tar": "w", "tgz": "w:gz", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}[how]
    with tarfile.open(path, mode) as archive:
        for file in files:
            archive.add(file, str(file.relative_to(root)))
    return path


@pytest.mark.parametrize("how", ["tar", "tgz", "tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_an_archive_says_the_same_as_its_folder(tmp_path: Path, how: str) -> None:
    root = put(tmp_path / "d", cluster_info(*ALWAYS))
    folder, archive = load(root, KINDS), load(packed(root, how), KINDS)
    assert (archive.facts, archive.gaps, archive.apis, archive.layout) == (
        folder.facts,
        folder.gaps,
        folder.apis,
        folder.layout,
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_texts_as_other_systems_write_them(tmp_path: Path, encoding: str, ending: str) -> None:
    text = (
        json.dumps(listed(pod("a", "x"), pod("b", "kube-system")))
        if ending == "json"
        else yaml.safe_dump(listed(pod("a", "x"), pod("b", "kube-system")))
    )
    put(tmp_path, {f"pods.{ending}": text.replace("\n", "\r\n").encode(encoding)})
    dump = load(tmp_path / f"pods.{ending}", KINDS)
    assert (names(dump, Pod), state(dump, Pod)) == (["a", "b"], "whole")


def test_a_single_file_may_be_compressed(tmp_path: Path) -> None:
    path = tmp_path / "pods.json.gz"
    path.write_bytes(gzip.compress(json.dumps(listed(pod("a", "x"), pod("b", "kube-system"))).encode()))
    assert names(load(path, KINDS), Pod) == ["a", "b"]


def test_of_two_that_are_one_the_newer_is_read_and_it_is_said(tmp_path: Path) -> None:
    old, new = pod("a", "x", resourceVersion="9"), pod("a", "x", resourceVersion="10", labels={"now": "yes"})
    put(tmp_path, {"1.json": listed(new, pod("b", "kube-system")), "2.json": listed(old, pod("b", "kube-system"))})
    dump = load(tmp_path, KINDS)
    assert [fact.metadata.labels for fact in dump.all(Pod) if fact.name == "a"] == [{"now": "yes"}]
    assert len(dump.notes) == 1
    assert "1 of pods" in dump.notes[0]


def test_two_clusters_are_none(tmp_path: Path) -> None:
    put(
        tmp_path,
        {f"{at}/ns.json": listed(obj("Namespace", "kube-system", metadata={"uid": at})) for at in ("hub", "spoke")},
    )
    with pytest.raises(
        UsageError,
        match=r"more than one cluster: the namespace kube-system of one in hub/ns\.json and of one in spoke/ns\.json",
    ):
        load(tmp_path, KINDS)


def test_a_list_that_goes_on_is_not_whole(tmp_path: Path) -> None:
    first = listed(pod("a", "x"), pod("b", "kube-system"), kind="PodList") | {"metadata": {"continue": "abc"}}
    dump = load(put(tmp_path, {"pods.json": first}), KINDS)
    assert "pods.json: the list goes on" in state(dump, Pod)


def test_what_is_damaged_is_not_read_and_the_rest_is(tmp_path: Path) -> None:
    cut = json.dumps(listed(*(obj("ResourceQuota", f"q{i}", f"x{i}") for i in range(5))), indent=1)
    put(tmp_path, {"pods.json": listed(pod("a", "x"), pod("b", "kube-system")), "quotas.json": cut[: len(cut) // 2]})
    dump = load(tmp_path, KINDS)
    assert state(dump, Pod) == "whole"
    assert state(dump, Quota).startswith("unreadable: not all of them could be read: quotas.json:")
    assert dump.notes[0].startswith(f"{tmp_path}/quotas.json:")
    with pytest.raises(UsageError, match=r"quotas\.json:\d+: Input data was truncated"):
        load(tmp_path / "quotas.json", KINDS)


def test_an_object_of_another_shape_is_told(tmp_path: Path) -> None:
    odd = pod("b", "kube-system") | {"spec": {"nodeName": ["a", "list"]}}
    dump = load(put(tmp_path, {"pods.json": listed(pod("a", "x"), odd)}), KINDS)
    assert names(dump, Pod) == ["a"]
    assert state(dump, Pod).startswith(
        "unreadable: 1 object of pods does not have the expected shape; the first is pods.json: kube-system/b"
    )


def test_secrets_are_not_even_looked_at(tmp_path: Path) -> None:
    secret = obj("Secret", "s", "x", data={"password": "aHVzaA=="})
    dump = load(put(tmp_path, {"all.json": listed(secret, pod("a", "x"), pod("b", "kube-system"))}), KINDS)
    assert "aHVzaA" not in repr(dump)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no objects of Kubernetes are in it"),
        (b"hello", "no objects of Kubernetes are in it"),
        (b"{", "bad.yaml:1: "),
        (b"[1, 2]", "no objects of Kubernetes are in it"),
        (b"a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]", "aliases add more than"),
        ("\ufeffkind: [".encode("utf-16-le"), "bad.yaml:"),
        (b'{"a":' * 100_000, "bad.yaml:"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        load(path, KINDS)
    assert caught.value.way_out


def member(name: str, data: bytes, **more: Any) -> tuple[tarfile.TarInfo, io.BytesIO]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, io.BytesIO(data)


def test_archives_that_mean_no_good(tmp_path: Path) -> None:
    good = json.dumps(listed(pod("a", "x"), pod("b", "kube-system"))).encode()
    path = tmp_path / "d.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(*member("../../etc/pods.json", good))
    with pytest.raises(UsageError, match="leads out of the archive"):
        load(path, KINDS)
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(*member("link.json", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"))
        archive.addfile(*member("/pods.json", good))
    assert names(load(path, KINDS), Pod) == ["a", "b"]
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(*member("zeros.log", b"\0" * 5_000_000))
        archive.addfile(*member("pods.json", good))
    with pytest.raises(UsageError, match="unpacks to more than 1000000 bytes") as caught:
        load(path, KINDS, largest=1_000_000)
    assert "--dump-limit" in caught.value.way_out
    whole = packed(put(tmp_path / "d", {"pods.json": good, "b.json": good}), "tar.gz").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="not a whole archive"):
        load(path, KINDS)


def test_links_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    root = put(tmp_path / "d", {"pods.json": listed(pod("a", "x"), pod("b", "kube-system"))})
    put(tmp_path, {"outside/pods.json": listed(pod("c", "z"))})
    (root / "more.json").symlink_to(tmp_path / "outside" / "pods.json")
    (root / "circle").symlink_to(root)
    assert names(load(root, KINDS), Pod) == ["a", "b"]


class Group(Fact, frozen=True):
    of = "scheduling.k8s.io/podgroups"


@pytest.mark.parametrize(
    ("version", "said"), [("v1.34.2-eks-1", "absent"), ("v1.36.0+k3s1", "not-collected"), ("", "not-collected")]
)
def test_what_came_later_than_a_version_is_not_served_by_it(tmp_path: Path, version: str, said: str) -> None:
    put(tmp_path, {"all.json": listed(pod("a", "x"), pod("b", "kube-system"), node(version=version))})
    dump = load(tmp_path, [*KINDS, Group])
    assert state(dump, Group).startswith(said)
    assert bool(dump.apis.why_broken(Group.of)) is (said != "absent")


def test_a_zip_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.json", b" " * 400_000 + b"{}")
    assert path.stat().st_size < 10_000
    with pytest.raises(UsageError, match="unpacks to more than 1000000 bytes"):
        load(path, KINDS, largest=1_000_000)


def test_the_versions_of_nodes_tell_at_least_how_new_the_cluster_is(tmp_path: Path) -> None:
    nodes = [node("a", "v1.9.11"), node("b", "v1.33.4+k3s1"), node("c", "odd")]
    assert load(put(tmp_path, {"nodes.json": listed(*nodes)}), KINDS).cluster.version == "v1.33.4+k3s1"
