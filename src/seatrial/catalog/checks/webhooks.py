"""Who is asked before objects of a group are stored, and whether anybody stands behind that."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from seatrial.model.fact import Obj
from seatrial.model.workbench import Workbench

_CONFIGURATIONS = {True: "validating", False: "mutating"}


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    validates: bool  # or changes what it is asked about
    resources: tuple[str, ...]  # of the group, those about whose creation it is asked
    trusted: bool  # its configuration says which authority signed its certificate
    service: tuple[str, str] | None  # namespace and name; none where it is called by URL

    def is_asked_about(self, plural: str) -> bool:
        return bool({plural, "*"} & set(self.resources))


async def webhooks_of(bench: Workbench, group: str) -> tuple[Webhook, ...]:
    """Every webhook with a rule that names the group. One that is asked about everything is nobody's own."""
    found: list[Webhook] = []
    for validates, kind in _CONFIGURATIONS.items():
        resource = f"admissionregistration.k8s.io/{kind}webhookconfigurations"
        for configuration in await bench.list(resource, everywhere=True):
            found += _webhooks(configuration, group, validates)
    return tuple(found)


def _webhooks(configuration: Obj, group: str, validates: bool) -> Iterator[Webhook]:
    for webhook in configuration.get("webhooks") or ():
        rules = [rule for rule in webhook.get("rules") or () if group in (rule.get("apiGroups") or ())]
        asked = [rule for rule in rules if {"CREATE", "*"} & set(rule.get("operations") or ())]
        client = webhook.get("clientConfig", {})
        service = client.get("service")
        if asked:
            yield Webhook(
                name=webhook["name"],
                validates=validates,
                resources=tuple(plural for rule in asked for plural in rule.get("resources") or ()),
                trusted=bool(client.get("caBundle")),
                service=(service.get("namespace", ""), service.get("name", "")) if service else None,
            )


async def endpoints_of(bench: Workbench, namespace: str, name: str) -> int:
    """How many addresses of a Service are ready: those of the pods of a Deployment that is available."""
    slices = await bench.list(
        "discovery.k8s.io/endpointslices", selector=f"kubernetes.io/service-name={name}", everywhere=True
    )
    return sum(
        len(endpoint.get("addresses") or ())
        for one in slices
        if one["metadata"].get("namespace") == namespace
        for endpoint in one.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready") is not False
    )
