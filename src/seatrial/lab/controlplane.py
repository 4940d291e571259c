"""etcd, API server, controller manager and scheduler: what each is told, as data that follows from the spec."""

from __future__ import annotations

import json

from seatrial.lab.keys import Authority, Pair
from seatrial.lab.kubeconfigs import issue, write
from seatrial.lab.process import Service
from seatrial.lab.site import Site
from seatrial.model.lab import LabLevel, LabSpec

PORTS = ("etcd", "etcd-peer", "kube-apiserver", "kube-controller-manager", "kube-scheduler")

# The gates of the Workload API, by the component that knows them. Names changed with each release.
_APISERVER_GATES = {
    "1.35": ("GenericWorkload", "GangScheduling"),
    "1.36": ("GenericWorkload", "GangScheduling", "TopologyAwareWorkloadScheduling", "WorkloadAwarePreemption"),
    "1.37": ("GenericWorkload",),
}
_MANAGER_GATES = {"1.36": ("GenericWorkload", "WorkloadWithJob"), "1.37": ("GenericWorkload",)}


def services(site: Site) -> tuple[Service, ...]:
    """In the order in which they start; they stop in the opposite order, or the API server hangs without its etcd."""
    authority = Authority(site.path("keys"))
    server_hosts = (
        "127.0.0.1",
        "localhost",
        site.host_address,
        site.first_service,
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    )
    serving = authority.pair("serving", hosts=server_hosts)
    client = authority.pair("etcd-client", user="kube-apiserver")
    if not site.kubeconfig.exists():
        admin = authority.pair("admin", user="seatrial:admin", groups=("system:masters",))
        write(site.kubeconfig, server=site.server, ca=authority.ca.cert, pair=admin, name=f"seatrial-{site.name}")
    return (
        _etcd(site, authority, serving),
        _apiserver(site, authority, serving, client),
        _manager(site, authority),
        _scheduler(site, authority),
    )


def _etcd(site: Site, authority: Authority, serving: Pair) -> Service:
    port, peer = site.ports["etcd"], site.ports["etcd-peer"]
    return Service(
        name="etcd",
        argv=(
            site.program("etcd"),
            f"--data-dir={site.path('etcd')}",
            "--unsafe-no-fsync",  # a lab that loses power is built again
            f"--listen-client-urls=https://127.0.0.1:{port}",
            f"--advertise-client-urls=https://127.0.0.1:{port}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            f"--cert-file={serving.cert}",
            f"--key-file={serving.key}",
            "--client-cert-auth",
            f"--trusted-ca-file={authority.ca.cert}",
            "--log-level=warn",
        ),
    )


def _apiserver(site: Site, authority: Authority, serving: Pair, client: Pair) -> Service:
    spec = site.spec
    signing = authority.signing_key("service-accounts")
    kubelet = authority.pair("apiserver-kubelet-client", user="kube-apiserver", groups=("system:masters",))
    proxy = authority.pair("front-proxy", user="front-proxy")
    flags: dict[str, object] = {
        "etcd-servers": f"https://127.0.0.1:{site.ports['etcd']}",
        "etcd-cafile": authority.ca.cert,
        "etcd-certfile": client.cert,
        "etcd-keyfile": client.key,
        "bind-address": site.host_address,
        "secure-port": site.ports["kube-apiserver"],
        "tls-cert-file": serving.cert,
        "tls-private-key-file": serving.key,
        "client-ca-file": authority.ca.cert,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "anonymous-auth": "false",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": signing,
        "service-account-signing-key-file": signing,
        "service-cluster-ip-range": site.service_range,
        "kubelet-certificate-authority": authority.ca.cert,
        "kubelet-client-certificate": kubelet.cert,
        "kubelet-client-key": kubelet.key,
        "kubelet-preferred-address-types": "InternalIP",
        "requestheader-client-ca-file": authority.ca.cert,
        "requestheader-allowed-names": "front-proxy",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": proxy.cert,
        "proxy-client-key-file": proxy.key,
        "allow-privileged": "true",
        "profiling": "false",
        "watch-cache": "true",
        "runtime-config": _runtime_config(spec),
        "feature-gates": _gates(spec.workload_api, spec, _APISERVER_GATES),
    }
    if spec.level is LabLevel.CONTROL_PLANE:
        flags["endpoint-reconciler-type"] = "none"  # a loopback address may not be an endpoint
    else:
        flags["advertise-address"] = site.host_address
    return Service(
        name="kube-apiserver",
        argv=(site.program("kube-apiserver"), *_flags(flags)),
        env={"GOGC": "50"},  # its garbage is most of what a large fleet costs in memory
        ready=f"{site.server}/readyz",
    )


def _manager(site: Site, authority: Authority) -> Service:
    config = issue(
        authority, site.path("keys"), site.server, "controller-manager", user="system:kube-controller-manager"
    )
    flags: dict[str, object] = {
        "kubeconfig": config,
        "authentication-kubeconfig": config,
        "authorization-kubeconfig": config,
        "service-account-private-key-file": authority.signing_key("service-accounts"),
        "root-ca-file": authority.ca.cert,
        "use-service-account-credentials": "true",
        "leader-elect": "false",
        "bind-address": "127.0.0.1",
        "secure-port": site.ports["kube-controller-manager"],
        "cluster-signing-cert-file": authority.ca.cert,
        "cluster-signing-key-file": authority.ca.key,
        "kube-api-qps": 200,
        "kube-api-burst": 400,
        "horizontal-pod-autoscaler-sync-period": "2s",  # instead of 15: nobody waits here for a calm cluster
        "profiling": "false",
        "feature-gates": _gates(site.spec.workload_api, site.spec, _MANAGER_GATES),
    }
    return Service(name="kube-controller-manager", argv=(site.program("kube-controller-manager"), *_flags(flags)))


def _scheduler(site: Site, authority: Authority) -> Service:
    config = issue(authority, site.path("keys"), site.server, "scheduler", user="system:kube-scheduler")
    settings = site.path("config", "scheduler.json")
    flags: dict[str, object] = {
        "config": settings,
        "authentication-kubeconfig": config,
        "authorization-kubeconfig": config,
        "bind-address": "127.0.0.1",
        "secure-port": site.ports["kube-scheduler"],
        "feature-gates": _gates(site.spec.workload_api and site.spec.gang_scheduling, site.spec, _APISERVER_GATES),
    }
    text = json.dumps(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "leaderElection": {"leaderElect": False},
            "clientConnection": {"kubeconfig": str(config), "qps": 500, "burst": 1000},
        },
        indent=1,
    )
    return Service(
        name="kube-scheduler", argv=(site.program("kube-scheduler"), *_flags(flags)), files={str(settings): text}
    )


def _runtime_config(spec: LabSpec) -> str:
    """Alpha and beta versions too; a group that is off has none of them."""
    off = (
        ("resource.k8s.io/v1=false", "resource.k8s.io/v1beta2=false", "resource.k8s.io/v1beta1=false")
        if not spec.dra
        else ()
    )
    return ",".join(("api/all=true", *off))


def _gates(on: bool, spec: LabSpec, known: dict[str, tuple[str, ...]]) -> str:
    value = "true" if on else "false"
    return ",".join([*(f"{gate}={value}" for gate in known.get(spec.kubernetes, ())), *dra_gate(spec)])


def dra_gate(spec: LabSpec) -> tuple[str, ...]:
    """On is what every release does by itself, and the newer ones refuse to be told otherwise."""
    return () if spec.dra else ("DynamicResourceAllocation=false",)


def _flags(flags: dict[str, object]) -> tuple[str, ...]:
    return tuple(f"--{name}={value}" for name, value in flags.items() if value != "")
