"""containerd, kubelet, kube-proxy and the accelerator driver: what each is told, as data that follows from the spec."""

from __future__ import annotations

import json
from pathlib import Path

from seatrial.lab import registry
from seatrial.lab.keys import Authority, Pair
from seatrial.lab.kubeconfigs import issue, write
from seatrial.lab.node import devices
from seatrial.lab.node.remains import PARENT
from seatrial.lab.process import Service
from seatrial.lab.site import Site

NODE = "lab-node"
IMAGE = "seatrial.dev/lab/workload:v1"
RESOURCE = "seatrial.dev/accelerator"
DRIVER = "accelerator.seatrial.dev"
DRIVERS = (DRIVER, "virtual.accelerator.seatrial.dev", "nic.seatrial.dev")  # each has a DeviceClass of its name
_SANDBOX = "runsc"  # gVisor's program, and the handler of its RuntimeClass
_SANDBOX_CONFIG = """\
grouping = true  # one shim for each pod, as containerd starts its own
[runsc_config]
  platform = "systrap"
"""


def containerd(site: Site) -> Service:
    config, cni = site.path("node", "etc", "containerd.toml"), site.path("node", "etc", "cni", "10-lab.conflist")
    shims = site.path("node", "bin")
    files = {str(config): _containerd_config(site), str(cni): json.dumps(_network(site), indent=1)}
    if _SANDBOX in site.programs:
        files[str(_sandbox_config(site))] = _SANDBOX_CONFIG
    if host := registry.host(site):
        files[str(_hosts(site) / host / "hosts.toml")] = registry.trusted(site)
    return Service(
        name="containerd",
        argv=(site.program("containerd"), "--config", str(config)),
        env={"PATH": f"{shims}:/usr/sbin:/usr/bin:/sbin:/bin"},
        files=files,
        inside=True,
    )


def link_programs(site: Site) -> None:
    """containerd looks for its shims and for what they call on its PATH, and for CNI plugins in one folder."""
    sandbox = (_SANDBOX, f"containerd-shim-{_SANDBOX}-v1") if _SANDBOX in site.programs else ()
    places = {
        "bin": ("containerd-shim-runc-v2", "runc", *sandbox),
        "cni": ("ptp", "host-local", "loopback", "portmap"),
    }
    for place, names in places.items():
        folder = site.path("node", place)
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        for name in names:
            link = folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(site.program(name))


def _containerd_config(site: Site) -> str:
    images, runtime = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"
    return f"""version = 3
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]

[plugins."{images}"]
  snapshotter = "overlayfs"
{_registries(site, images)}[plugins."{images}".pinned_images]
  sandbox = "{IMAGE}"

[plugins."{runtime}"]
  restrict_oom_score_adj = true
  enable_cdi = true
  cdi_spec_dirs = ["/run/cdi"]
[plugins."{runtime}".cni]
  bin_dirs = ["{site.path("node", "cni")}"]
  conf_dir = "{site.path("node", "etc", "cni")}"
[plugins."{runtime}".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."{runtime}".containerd.runtimes.runc.options]
  BinaryName = "{site.path("node", "bin", "runc")}"
{_sandbox_handler(site, runtime)}"""


def _sandbox_handler(site: Site, plugin: str) -> str:
    """The handler of gVisor's name, where the lab has gVisor: what answers to that name is a setting of that system."""
    if _SANDBOX not in site.programs:
        return ""
    section = f'[plugins."{plugin}".containerd.runtimes.{_SANDBOX}'
    if site.spec.settings.get("gvisor", {}).get("handler", _SANDBOX) != _SANDBOX:
        path = site.path("node", "bin", "runc")
        return f'{section}]\n  runtime_type = "io.containerd.runc.v2"\n{section}.options]\n  BinaryName = "{path}"\n'
    options = f'  TypeUrl = "io.containerd.runsc.v1.options"\n  ConfigPath = "{_sandbox_config(site)}"\n'
    return f'{section}]\n  runtime_type = "io.containerd.runsc.v1"\n{section}.options]\n{options}'


def _registries(site: Site, plugin: str) -> str:
    return f'[plugins."{plugin}".registry]\n  config_path = "{_hosts(site)}"\n' if registry.host(site) else ""


def _hosts(site: Site) -> Path:
    """Where containerd looks which registries it may trust."""
    return site.path("node", "etc", "registries")


def _sandbox_config(site: Site) -> Path:
    return site.path("node", "etc", "runsc.toml")


def _network(site: Site) -> dict[str, object]:
    """Point to point: every packet is routed, so that a service also reaches a pod on the same node."""
    return {
        "cniVersion": "1.0.0",
        "name": "lab",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": site.pod_range}]],
                    "dataDir": "/run/cni",
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def kubelet(site: Site) -> Service:
    authority = Authority(site.path("keys"))
    credentials = issue(
        authority, site.path("keys"), site.server, "kubelet", user=f"system:node:{NODE}", groups=("system:nodes",)
    )
    serving = authority.pair("kubelet-serving", user=f"system:node:{NODE}", hosts=(site.node_address, NODE))
    config = site.path("node", "etc", "kubelet.json")
    flags = {
        "config": config,
        "kubeconfig": credentials,
        "hostname-override": NODE,
        "node-ip": site.node_address,
        "node-labels": ",".join(
            (
                f"{RESOURCE}.product={devices.PRODUCT}",
                f"{RESOURCE}.driver-version={devices.VERSION}",
                "seatrial.dev/simulated=true",
            )
        ),
    }
    return Service(
        name="kubelet",
        argv=(site.program("kubelet"), *(f"--{name}={value}" for name, value in flags.items())),
        files={str(config): json.dumps(_kubelet_config(site, authority, serving), indent=1)},
        inside=True,
    )


def _kubelet_config(site: Site, authority: Authority, serving: Pair) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority.ca.cert)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(serving.cert),
        "tlsPrivateKeyFile": str(serving.key),
        "address": site.node_address,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{PARENT}/{site.name}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": "/var/log/pods",
        "resolvConf": "",
        "clusterDNS": [
            site.first_service
        ],  # nobody answers there: the lab has no DNS, and every pod would warn without it
        "maxPods": 200,
        "registerNode": True,
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "10s",
        "serializeImagePulls": False,
        "makeIPTablesUtilChains": False,
        "featureGates": {} if site.spec.dra else {"DynamicResourceAllocation": False},
    }


def proxy(site: Site) -> Service:
    authority = Authority(site.path("keys"))
    credentials = issue(authority, site.path("keys"), site.server, "kube-proxy", user="system:kube-proxy")
    config = site.path("node", "etc", "proxy.json")
    text = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(credentials)},
        "clusterCIDR": site.pod_range,
        "hostnameOverride": NODE,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
    return Service(
        name="kube-proxy",
        argv=(site.program("kube-proxy"), f"--config={config}"),
        files={str(config): json.dumps(text, indent=1)},
        inside=True,
    )


def offered(site: Site) -> dict[str, int]:
    """What the device plugin makes of the node, by resource."""
    accelerators = site.spec.accelerators
    return {RESOURCE: accelerators.plugin, f"{RESOURCE}.shared": accelerators.replicas}


def accelerator(site: Site) -> Service:
    """The driver of the simulated accelerators: a real device plugin and a real DRA driver in one program."""
    authority = Authority(site.path("keys"))
    credentials = site.path("keys", "accelerator.kubeconfig")
    if not credentials.exists():
        pair = authority.pair("accelerator", user="seatrial:accelerator", groups=("seatrial:drivers",))
        write(credentials, server=site.server, ca=authority.ca.cert, pair=pair, name="accelerator")
    made = devices.make(site)
    places = {kind: str(site.path("node", "etc", f"{kind}-devices.json")) for kind in made}
    files = {places[kind]: json.dumps(found, indent=1) for kind, found in made.items()}
    flags = {
        "node-name": NODE,
        "kubeconfig": credentials,
        **{f"{kind}-devices": place for kind, place in places.items()},
        "replicas": site.spec.accelerators.replicas,
        "resource-name": RESOURCE,
        "driver-name": DRIVER,
        "kubelet-dir": "/var/lib/kubelet",
        "cdi-root": "/run/cdi",
        "state-dir": "/run/seatrial",
        "misbehave": ",".join(site.spec.accelerators.misbehaviour),
        "ready-file": site.path("node", "accelerator.ready"),
    }
    return Service(
        name="accelerator",
        argv=(site.program("accelerator"), *(f"--{name}={value}" for name, value in flags.items() if value)),
        files=files,
        ready=f"file:{site.path('node', 'accelerator.ready')}",
        inside=True,
    )
