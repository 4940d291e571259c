"""From a recipe to objects and services, without a cluster."""

import base64
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from seatrial.lab import systems
from seatrial.model.errors import LabError
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel
from seatrial.model.system import Process, Recipe

CRD: Obj = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.org"},
    "spec": {"group": "example.org", "versions": [{"name": "v1", "served": True}]},
}
CONVERSION: Obj = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.org"},
    "spec": {
        "conversion": {
            "strategy": "Webhook",
            "webhook": {
                "clientConfig": {"service": {"name": "webhook-service", "namespace": "system", "path": "/convert"}},
                "conversionReviewVersions": ["v1"],
            },
        }
    },
}
WEBHOOKS: Obj = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "MutatingWebhookConfiguration",
    "metadata": {"name": "mutating-webhook-configuration"},
    "webhooks": [
        {"name": "one", "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/mutate-one"}}},
        {"name": "two", "clientConfig": {"service": {"name": "s", "namespace": "n"}}, "namespaceSelector": {}},
    ],
}
DEPLOYMENT: Obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "controller-manager"}}


def configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    return {"thing.yaml": f"port: {{port:webhook}}\ncerts: {{folder}}\nfast: {settings['fast']}\nplain: {{a: {{b}}}}\n"}


RECIPE = Recipe(
    module="example.org/thing",
    version="v1.2.3",
    programs={"thing": "example.org/thing/cmd/thing"},
    manifests=("crds/things.yaml", "webhooks.yaml"),
    processes=(
        Process(
            program="thing",
            args=("--config={folder}/thing.yaml", "--kubeconfig={kubeconfig}"),
            ready="http://127.0.0.1:{port:health}/readyz",
        ),
    ),
    configure=configure,
    settings={"fast": True},
)
IDENTITY = systems.Identity("CERTIFICATE", "KEY")


def place(**changes: Any) -> systems.Place:
    fields: dict[str, Any] = {
        "system": "thing",
        "folder": Path("/lab/systems/thing"),
        "kubeconfig": Path("/lab/kubeconfig"),
        "ports": {"webhook": 21001, "health": 21002},
        "programs": {"thing": Path("/cache/thing")},
        "identity": IDENTITY,
    }
    return systems.Place(**{**fields, **changes})


def by_kind(objs: tuple[Obj, ...], kind: str) -> Obj:
    (found,) = (obj for obj in objs if obj["kind"] == kind)
    return found


def test_ports_are_those_that_the_recipe_speaks_of() -> None:
    assert systems.ports(RECIPE) == ("health", "webhook")


def test_a_port_that_nobody_may_choose_is_not_chosen() -> None:
    assert systems.ports(msgspec.structs.replace(RECIPE, ports={"webhook": 9443})) == ("health",)


def test_certificates_lie_where_a_program_looks_for_them() -> None:
    picky = msgspec.structs.replace(RECIPE, certificates="some/where")
    (service,) = systems.services(picky, place(), {})
    assert service.files["/lab/systems/thing/some/where/tls.crt"] == "CERTIFICATE"
    assert service.files["/lab/systems/thing/some/where/tls.key"] == "KEY"


def test_what_a_lab_is_to_be_without_is_told_apart() -> None:
    named = [f"{WEBHOOKS['kind']}/{WEBHOOKS['metadata']['name']}", "thing"]
    assert systems.without(named, (CRD, WEBHOOKS)) == ((CRD,), (WEBHOOKS,))
    assert systems.without((), (CRD, WEBHOOKS)) == ((CRD, WEBHOOKS), ())


def test_a_service_has_everything_filled_in() -> None:
    (service,) = systems.services(RECIPE, place(), {})
    assert service.argv == ("/cache/thing", "--config=/lab/systems/thing/thing.yaml", "--kubeconfig=/lab/kubeconfig")
    assert service.ready == "http://127.0.0.1:21002/readyz"
    assert service.files["/lab/systems/thing/thing.yaml"] == (
        "port: 21001\ncerts: /lab/systems/thing\nfast: True\nplain: {a: {b}}\n"
    )
    assert service.files["/lab/systems/thing/tls.key"] == "KEY"
    assert service.env == {"KUBECONFIG": "/lab/kubeconfig"}


def test_a_setting_changes_the_service_and_so_restarts_it() -> None:
    (usual,), (again,), (slow,) = (
        systems.services(RECIPE, place(), settings) for settings in ({}, {}, {"fast": False})
    )
    assert usual.digest == again.digest != slow.digest


def test_a_setting_that_the_recipe_does_not_have_is_refused() -> None:
    with pytest.raises(LabError, match="no setting slow") as caught:
        systems.services(RECIPE, place(), {"slow": True})
    assert "fast" in caught.value.way_out


def test_definitions_come_first_and_webhooks_last_and_nothing_else_of_the_manifests() -> None:
    objs = systems.objects(RECIPE, place(), (DEPLOYMENT, WEBHOOKS, CRD))
    kinds = [obj["kind"] for obj in objs]
    assert kinds == ["CustomResourceDefinition", "Namespace", "Secret", "MutatingWebhookConfiguration"]


def test_webhooks_are_called_on_this_host() -> None:
    configuration = by_kind(systems.objects(RECIPE, place(), (WEBHOOKS,)), "MutatingWebhookConfiguration")
    bundle = base64.b64encode(b"CERTIFICATE").decode()
    assert [webhook["clientConfig"] for webhook in configuration["webhooks"]] == [
        {"url": "https://127.0.0.1:21001/mutate-one", "caBundle": bundle},
        {"url": "https://127.0.0.1:21001/", "caBundle": bundle},
    ]
    assert configuration["metadata"]["name"] == "thing-mutating-webhook-configuration"
    assert WEBHOOKS["webhooks"][0]["clientConfig"].keys() == {"service"}, "what was read is left as it was"


def test_webhooks_leave_the_system_s_own_namespace_alone_unless_upstream_says_otherwise() -> None:
    configuration = by_kind(systems.objects(RECIPE, place(), (WEBHOOKS,)), "MutatingWebhookConfiguration")
    first, second = configuration["webhooks"]
    (outside,) = first["namespaceSelector"]["matchExpressions"]
    assert outside["operator"] == "NotIn"
    assert outside["values"] == ["kube-system", "thing-system"]
    assert second["namespaceSelector"] == {}


def test_a_patch_of_a_definition_is_laid_over_it_and_its_conversion_is_called_on_this_host() -> None:
    definition = by_kind(systems.objects(RECIPE, place(), (CRD, CONVERSION)), "CustomResourceDefinition")
    assert definition["spec"]["versions"] == CRD["spec"]["versions"]
    assert definition["spec"]["conversion"]["strategy"] == "Webhook"
    assert definition["spec"]["conversion"]["webhook"] == {
        "clientConfig": {
            "url": "https://127.0.0.1:21001/convert",
            "caBundle": base64.b64encode(b"CERTIFICATE").decode(),
        },
        "conversionReviewVersions": ["v1"],
    }


def test_a_definition_without_conversion_stays_as_it_is() -> None:
    assert by_kind(systems.objects(RECIPE, place(), (CRD,)), "CustomResourceDefinition") == CRD


def test_an_overlay_finds_webhooks_by_name_and_adds_objects() -> None:
    selector = {"matchLabels": {"mine": "true"}}
    webhooks = {**WEBHOOKS, "webhooks": [{"name": "two", "objectSelector": selector}]}
    queue: Obj = {"apiVersion": "example.org/v1", "kind": "Queue", "metadata": {"name": "default"}}
    recipe = Recipe(module="m", version="v1", programs={}, manifests=(), processes=(), overlay=(webhooks, queue))
    objs = systems.objects(recipe, place(), (WEBHOOKS,))
    first, second = by_kind(objs, "MutatingWebhookConfiguration")["webhooks"]
    assert (first["name"], "objectSelector" in first) == ("one", False)
    assert (second["name"], second["objectSelector"]) == ("two", selector)
    assert by_kind(objs, "Queue") == queue


def test_an_overlay_says_where_the_system_listens_and_a_lone_port_is_a_number() -> None:
    service: Obj = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "metrics", "namespace": "{namespace}"},
        "spec": {"externalName": "{address}", "ports": [{"port": "{port:api}"}], "note": "{other} at {port:api}"},
    }
    recipe = msgspec.structs.replace(RECIPE, overlay=(service,))
    here = place(address="10.9.9.2", ports={"webhook": 1, "health": 2, "api": 6443})
    assert "api" in systems.ports(recipe)
    made = by_kind(systems.objects(recipe, here, ()), "Service")
    assert made["metadata"]["namespace"] == "thing-system"
    assert made["spec"] == {"externalName": "10.9.9.2", "ports": [{"port": 6443}], "note": "{other} at 6443"}


def test_what_runs_inside_the_node_is_called_there() -> None:
    recipe = msgspec.structs.replace(RECIPE, level=LabLevel.NODE)
    (service,) = systems.services(recipe, place(address="10.9.9.2"), {})
    assert service.inside
    webhooks = by_kind(systems.objects(recipe, place(address="10.9.9.2"), [WEBHOOKS]), WEBHOOKS["kind"])
    assert webhooks["webhooks"][0]["clientConfig"]["url"].startswith("https://10.9.9.2:")


def test_a_system_without_webhooks_gets_no_secret() -> None:
    objs = systems.objects(RECIPE, place(ports={"health": 21002}), (CRD,))
    assert [obj["kind"] for obj in objs] == ["CustomResourceDefinition", "Namespace"]


names = st.text("abc", min_size=1, max_size=2)
leaves = st.integers() | st.booleans() | names
trees = st.recursive(
    leaves,
    lambda inner: (
        st.dictionaries(names, inner, max_size=3)
        | st.lists(leaves, max_size=3)
        | st.lists(
            st.fixed_dictionaries({"name": names, "more": inner}), max_size=3, unique_by=lambda item: item["name"]
        )
    ),
    max_leaves=12,
)


@given(tree=trees)
def test_a_document_laid_over_itself_or_over_nothing_is_itself(tree: Any) -> None:
    assert systems.merge(tree, tree) == tree
    assert systems.merge(None, tree) == tree
    assert systems.merge({"a": tree}, {}) == {"a": tree}


def test_manifests_are_read_in_order(tmp_path: Path) -> None:
    tmp_path.joinpath("crds").mkdir()
    tmp_path.joinpath("crds/things.yaml").write_text("---\n" + yaml.safe_dump(CRD))
    tmp_path.joinpath("webhooks.yaml").write_text(yaml.safe_dump_all([WEBHOOKS, DEPLOYMENT]) + "---\n")
    assert systems.read(RECIPE, tmp_path) == (CRD, WEBHOOKS, DEPLOYMENT)


@pytest.mark.parametrize("text", ["a: [", "a: !!python/object:os.system {}", None])
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    tmp_path.joinpath("crds").mkdir()
    if text is not None:
        tmp_path.joinpath("crds/things.yaml").write_text(text)
    with pytest.raises(LabError, match=r"crds/things\.yaml"):
        systems.read(RECIPE, tmp_path)


def test_the_identity_is_its_own_root_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "systems" / "thing"
    made = systems.identity("thing", folder)
    assert systems.identity("thing", folder) == made
    certificate = x509.load_pem_x509_certificate(made.certificate.encode())
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in alternatives.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    names = ["thing-webhook-service.thing-system.svc", "thing-ca", "thing.thing-system.svc"]
    assert alternatives.get_values_for_type(x509.DNSName) == names
    assert certificate.issuer == certificate.subject
    assert made.key.startswith("-----BEGIN RSA PRIVATE KEY-----")
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(folder / "tls.crt", folder / "tls.key")
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


class Server:
    """Remembers what was asked of it; a definition is served from the second look at it on."""

    def __init__(self, *, serves: bool = True) -> None:
        self.log: list[str] = []
        self.serves = serves
        self.definitions: dict[str, Obj] = {}
        self.looks = 0

    async def create(self, obj: Obj) -> Obj:
        self.definitions[obj["metadata"]["name"]] = obj
        self.log.append(f"create {obj['kind']}")
        return obj

    async def apply(self, obj: Obj, *, subresource: str = "") -> Obj:
        if obj["metadata"]["name"] in self.definitions:
            self.definitions[obj["metadata"]["name"]] = obj
        self.log.append(f"apply {obj['kind']}")
        return obj

    async def delete(self, obj: Obj) -> bool:
        self.log.append(f"delete {obj['kind']}")
        return True

    async def get(self, path: str) -> Obj | None:
        there = self.definitions.get(path.rpartition("/")[2])
        self.log.append("look")
        if there is None:
            return None
        self.looks += 1
        established = {"type": "Established", "status": "True"}
        if self.looks == 1:
            return {**there, "status": {"conditions": None}}
        return {**there, "status": {"conditions": [established] if self.serves else []}}


async def test_nothing_is_applied_before_its_definition_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "_PAUSE", 0)
    server = Server()
    await systems.install(server, systems.objects(RECIPE, place(), (CRD, WEBHOOKS)))
    assert server.log == [
        "look",
        "create CustomResourceDefinition",
        "look",
        "look",
        "apply Namespace",
        "apply Secret",
        "apply MutatingWebhookConfiguration",
    ]


async def test_a_definition_that_is_never_served_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "_PAUSE", 0)
    monkeypatch.setattr(systems, "_ESTABLISHED_WITHIN", 0)
    with pytest.raises(LabError, match=r"things\.example\.org was not served"):
        await systems.install(Server(serves=False), systems.objects(RECIPE, place(), (CRD,)))


async def test_a_definition_is_written_again_only_where_it_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "_PAUSE", 0)
    server = Server()
    for _ in range(2):
        await systems.install(server, systems.objects(RECIPE, place(), (CRD,)))
    assert [line for line in server.log if "Definition" in line] == ["create CustomResourceDefinition"]
    other = {**CRD, "spec": {**CRD["spec"], "scope": "Cluster"}}
    await systems.install(server, systems.objects(RECIPE, place(), (other,)))
    assert [line for line in server.log if "Definition" in line][1:] == ["apply CustomResourceDefinition"]
    assert server.definitions[CRD["metadata"]["name"]]["spec"]["scope"] == "Cluster"


def test_where_nobody_listens_nobody_converts() -> None:
    webhook = {"clientConfig": {"service": {"name": "webhook", "namespace": "system"}}}
    converted = {**CRD, "spec": {**CRD["spec"], "conversion": {"strategy": "Webhook", "webhook": webhook}}}
    silent = msgspec.structs.replace(place(), ports={})
    alone, listened = (systems.objects(RECIPE, where, (converted,))[0] for where in (silent, place()))
    assert alone["spec"]["conversion"] == {"strategy": "None"}
    assert listened["spec"]["conversion"]["strategy"] == "Webhook"


async def test_what_answers_no_more_is_removed_first() -> None:
    server = Server()
    await systems.remove(server, systems.objects(RECIPE, place(), (CRD, WEBHOOKS)))
    assert server.log[0] == "delete MutatingWebhookConfiguration"
    assert server.log[-1] == "delete CustomResourceDefinition"


def test_webhooks_that_a_program_fills_in_are_called_by_a_service_that_leads_to_it() -> None:
    """It knows them by upstream's names, and writes rules and authority into them."""
    here = place(address="10.9.9.2", service="webhook")
    objs = systems.objects(msgspec.structs.replace(RECIPE, service="webhook"), here, (CRD, CONVERSION, WEBHOOKS))
    assert [one["kind"] for one in objs] == [CRD["kind"], "Namespace", "Service", WEBHOOKS["kind"]]
    assert by_kind(objs, "Service")["spec"] == {"type": "ExternalName", "externalName": "10.9.9.2"}
    configuration = by_kind(objs, WEBHOOKS["kind"])
    assert configuration["metadata"]["name"] == WEBHOOKS["metadata"]["name"]
    named = {"service": {"name": "webhook", "namespace": "thing-system", "port": 21001}}
    assert [webhook["clientConfig"] for webhook in configuration["webhooks"]] == [named, named]
    definition = by_kind(objs, CRD["kind"])
    assert definition["spec"]["conversion"]["webhook"]["clientConfig"] == named
