"""The real node: containerd, runc, kubelet and kube-proxy in namespaces of their own, with simulated accelerators.

One process holds the network, mount and process namespaces. When it ends, the kernel ends everything in them: containers,
mounts and interfaces cannot outlive the lab, however it was killed. What the kernel does not clear by itself, cgroups and
loop devices, ``remains`` clears by name.
"""
