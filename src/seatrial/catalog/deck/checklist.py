"""The security checklist: what to configure, under the names that exist."""

from __future__ import annotations

from seatrial.model.claim import Claim, Standing

ADMIN_ACCESS = Claim(
    id="checklist.admin-access",
    said="resourceClaim.spec.devices.requests[].adminAccess: false",
    standing=Standing.WRONG,
    truth="In resource.k8s.io/v1 it is spec.devices.requests[].exactly.adminAccess, and unset is false. The API server refuses true "
    "outside namespaces labelled resource.kubernetes.io/admin-access; so the question is who may label, and who may claim there.",
    checks=(
        "admin-access.claims-stand-in-labelled-namespaces",
        "admin-access.templates-stand-in-labelled-namespaces",
        "admin-access.allocations-were-asked-for",
        "admin-access.labelled-namespaces-hold-no-tenants",
        "admin-access.tenants-may-not-claim-there",
        "admin-access.tenants-may-not-label-namespaces",
        "admin-access.drivers-are-held-to-their-node",
    ),
)
MEMORY_CLEARING = Claim(
    id="checklist.vram-clearing",
    said="nvidia-device-plugin: gpuMemoryClearing: enabled",
    standing=Standing.WRONG,
    truth="The plugin has no such flag, and DRA no such field.",
    checks=(
        "memory.nothing-pretends-to-clear-it",
        "memory.devices-keep-to-one-tenant",
        "tenancy.shared-devices-have-one-tenant",
        "tenancy.partitions-are-as-asked",
    ),
)
QUOTAS = Claim(
    id="checklist.quotas",
    said="ResourceQuota: requests.nvidia.com/gpu: 4",
    standing=Standing.REAL,
    truth="It does not bound claims. Those take <class>.deviceclass.resource.k8s.io/devices for each DeviceClass, and "
    "count/resourceclaims.resource.k8s.io.",
    checks=(
        "quotas.extended-resources-are-bounded",
        "quotas.device-classes-are-bounded",
        "quotas.claims-are-counted",
        "quotas.names-are-counted",
        "quotas.device-classes-exist",
        "migration.quotas-count-claims",
        "migration.quotas-count-plugin-devices",
    ),
)
AUDIT = Claim(
    id="checklist.audit",
    said="dcgm-exporter: --collectors=gpm,nvlink,xid",
    standing=Standing.WRONG,
    truth="--collectors is the path of a CSV file of fields; the XID and NVLink counters are commented out in the one that comes "
    "with it.",
    checks=("blind-spots.device-errors-are-counted", "audit.api-server-keeps-a-log", "audit.policy-records-claims"),
)
SIGNING = Claim(
    id="checklist.signing",
    said="cosign verify --key cosign.pub $IMAGE, enforced by OPA Gatekeeper",
    standing=Standing.MISLEADING,
    truth="The command is right. Gatekeeper needs external data and Ratify; policy-controller's ClusterImagePolicy and Kyverno's "
    "ImageValidatingPolicy verify themselves; none of them sees models from hubs, buckets or volumes. With a key, policy-controller "
    "to 0.15.1 reads only cosign's older form of signatures, which cosign 3 makes no more unless it is asked to.",
    checks=(
        "supply-chain.images-are-verified",
        "supply-chain.image-volumes-are-verified",
        "supply-chain.verification-fails-closed",
        "policies.are-heeded",
    ),
)
MTLS = Claim(
    id="checklist.gateway-mtls",
    said="Gateway.spec.infrastructure.parametersRef: mtls-strict",
    standing=Standing.WRONG,
    truth="parametersRef is an object of the implementation; a text is refused. Clients are verified by "
    "spec.tls.frontend.default.validation.caCertificateRefs.",
    checks=(
        "interception.clients-are-verified",
        "interception.invalid-clients-are-refused",
        "interception.parameters-do-not-stand-for-tls",
        "interception.backends-are-encrypted",
    ),
)
NETWORK_POLICY = Claim(
    id="checklist.network-policy",
    said="NetworkPolicy with podSelector nvidia.com/gpu: 'true'",
    standing=Standing.WRONG,
    truth="No pod carries that label, and a policy cannot select nodes. It takes a default-deny in the namespace, and a pod label "
    "that admission injects; host network and RDMA go around both.",
    checks=(
        "network-policy.ingress-is-denied-by-default",
        "network-policy.egress-is-denied-by-default",
        "network-policy.policies-select-pods",
        "network-policy.no-way-goes-around",
        "network-policy.sources-are-named",
    ),
)
SECCOMP = Claim(
    id="checklist.seccomp",
    said="securityContext.seccompProfile.type: RuntimeDefault stops most exploits of drivers.",
    standing=Standing.MISLEADING,
    truth="Worth enforcing; the usual profile lets every ioctl through, which is how drivers are spoken to.",
    checks=(
        "pod-security.system-calls-are-filtered",
        "pod-security.system-calls-are-not-unfiltered",
        "pod-security.namespaces-enforce-a-standard",
        "toolkit.known-escapes-are-closed",
    ),
)
