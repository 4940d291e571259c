"""The baseline Pod Security Standard over facts: which of its rules a pod breaks, by the names that the API server gives them.

Some fields that it forbids are not read: those of SELinux, AppArmor, /proc, sysctls and Windows.
"""

from __future__ import annotations

from collections.abc import Callable

from seatrial.catalog.systems.kubernetes.pods import PodSpec, SecurityContext

NOT_READ = (
    "Options of SELinux and AppArmor, procMount, sysctls and processes of a Windows host are not read; the API server also looks"
    " at those."
)
_ALLOWED = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}


def broken(spec: PodSpec) -> tuple[str, ...]:
    return tuple(name for name, breaks in _RULES.items() if breaks(spec))


def _is_unconfined(context: SecurityContext) -> bool:
    return context.seccomp_profile is not None and context.seccomp_profile.type == "Unconfined"


def _adds(spec: PodSpec) -> bool:
    return any(set(one.security_context.capabilities.add) - _ALLOWED for one in spec.every_container)


def _host_ports(spec: PodSpec) -> bool:
    """On the node's own network each port of a container becomes one of the node."""
    ports = [port for one in spec.every_container for port in one.ports]
    return any(port.host_port for port in ports) or (spec.host_network and bool(ports))


_RULES: dict[str, Callable[[PodSpec], bool]] = {
    "host namespaces": lambda spec: spec.host_pid or spec.host_ipc or spec.host_network,
    "privileged": lambda spec: any(one.security_context.privileged for one in spec.every_container),
    "non-default capabilities": _adds,
    "hostPath volumes": lambda spec: any(one.host_path is not None for one in spec.volumes),
    "hostPort": _host_ports,
    "seccompProfile": lambda spec: (
        _is_unconfined(spec.security_context)
        or any(_is_unconfined(one.security_context) for one in spec.every_container)
    ),
}
