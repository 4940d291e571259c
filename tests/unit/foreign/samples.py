"""Small results in the formats of the tools that write them, with made-up content."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

PACKAGE = "github.com/kubernetes-sigs/ai-conformance/test"
GANG, SECURE, SCALING = "TestGangScheduling", "TestSecureAcceleratorAccess", "TestAcceleratorClusterAutoscaling"
UID = "5f0c1a52-7d0e-4f6e-9a53-0d0a9d1f6d11"


def events(*tests: tuple[str, str, float], end: str = "pass", said: str = "") -> bytes:
    """``go test -json``: (test, how it ended, seconds)."""
    lines: list[dict[str, object]] = [{"Action": "start", "Package": PACKAGE}]
    for test, how, seconds in tests:
        about = {"Package": PACKAGE, "Test": test}
        lines.append({"Action": "run", **about})
        lines.append({"Action": "output", **about, "Output": f"=== RUN   {test}\n"})
        if said:
            lines.append({"Action": "output", **about, "Output": f"    util_test.go:9: {said}\n"})
        if how:
            lines.append({"Action": how, **about, "Elapsed": seconds})
    lines += [{"Action": end, "Package": PACKAGE, "Elapsed": 60.5}] if end else []
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


GO_LOG = f"""\
=== RUN   {GANG}
=== RUN   {GANG}/PositiveGangScheduling
    gang_scheduling_test.go:203:   Pod job-a: schedulerName=mine, nodeName=worker-7, phase=Succeeded
=== RUN   {GANG}/NegativeGangScheduling
--- PASS: {GANG} (42.70s)
    --- PASS: {GANG}/PositiveGangScheduling (12.52s)
    --- PASS: {GANG}/NegativeGangScheduling (30.17s)
=== RUN   TestDetectAllocationMode
    util_test.go:510: Checking environment: Found Ready node node1 (Node: node1)
--- PASS: TestDetectAllocationMode (0.00s)
=== RUN   {SCALING}
    cluster_autoscaling_test.go:60: no -autoscaler-node-pool-label was given
--- SKIP: {SCALING} (0.00s)
PASS
ok  \t{PACKAGE}\t42.706s
"""


def junit(*cases: tuple[str, str], tests: int | str | None = None, skipped: int | None = None, **more: str) -> str:
    """gotestsum's and Ginkgo's shape alike: (name, ``pass``, ``fail`` or ``skip``)."""
    body = {
        "pass": "",
        "fail": '<failure message="Failed" type="">it broke</failure>',
        "skip": '<skipped message="not here"></skipped>',
    }
    count = {how: sum(one == how for _, one in cases) for how in body}
    head = {
        "name": more.get("name", PACKAGE),
        "tests": len(cases) if tests is None else tests,
        "failures": count["fail"],
        "errors": 0,
        "skipped": count["skip"] if skipped is None else skipped,
    }
    attributes = " ".join(f'{key}="{value}"' for key, value in head.items())
    written = "\n".join(
        f'<testcase classname="{PACKAGE}" name="{name}" time="{more.get("time", "12.5")}">{body[how]}</testcase>'
        for name, how in cases
    )
    focus = f'<properties><property name="FocusStrings" value="{more.get("focus", "")}"/></properties>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n<testsuite {attributes}>{focus}\n{written}\n</testsuite></testsuites>\n'


def conformance(number: int, how: str = "pass") -> list[tuple[str, str]]:
    return [(f"[It] [sig-node] case {index} should work [Conformance]", how) for index in range(number)]


def ginkgo(
    *cases: tuple[str, str], ran: int | None = None, version: str = "v1.37.1", planned: int | None = None
) -> str:
    """``e2e.log``: (name, how it ended) where an end is ``pass``, ``fail`` or ``skip``."""
    ends = {"pass": "• [2.115 seconds]", "fail": "• [FAILED] [61.204 seconds]", "skip": "S [SKIPPED] [0.010 seconds]"}
    blocks = [
        f"{name} [sig-node, Conformance]\nk8s.io/kubernetes/test/e2e/common/node/pods.go:76\n"
        "  STEP: Creating a kubernetes client @ 10/10/25 10:31:34.193\n"
        "  I1010 10:31:51.654582 21 output.go:207] Trying to get logs from node worker-7 pod pods-1 container c: <nil>\n"
        f"{ends[how]}"
        for name, how in cases
    ]
    passed, broke = (sum(how == end for _, how in cases) for end in ("pass", "fail"))
    done = passed + broke if ran is None else ran
    rule = "\n" + "-" * 30 + "\n"
    head = (
        '  I1010 10:31:15.219617      21 e2e.go:109] Starting e2e run "04e306e8" on Ginkgo node 1\n'
        "Running Suite: Kubernetes e2e suite - /usr/local/bin\n"
        "====================================================\n"
        "Random Seed: 1760092273 - will randomize all specs\n\n"
        f"Will run {len(cases) if planned is None else planned} of 7137 specs\n"
        "------------------------------\n[ReportBeforeSuite] \nk8s.io/kubernetes/test/e2e/e2e_test.go:153\n"
        "[ReportBeforeSuite] PASSED [0.000 seconds]\n------------------------------\n"
        "[SynchronizedBeforeSuite] \nk8s.io/kubernetes/test/e2e/e2e.go:69\n"
        f"  I1010 10:31:33.941759 21 e2e.go:254] kube-apiserver version: {version}\n"
        "[SynchronizedBeforeSuite] PASSED [18.198 seconds]"
    )
    tail = (
        f"\n\nRan {done} of 7137 Specs in 64.869 seconds\n"
        f"{'FAIL!' if broke else 'SUCCESS!'} -- {passed} Passed | {broke} Failed | 0 Pending | 6715 Skipped\n"
    )
    return rule.join((head, *blocks, "SSSSSSS", "")) + tail


def tarball(members: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def sonobuoy(log: str, xml: str, *, uid: str = UID, version: str = "v1.37.1") -> bytes:
    """The layout of a Sonobuoy tarball, as far as it matters."""
    nodes = [{"kind": "Node", "metadata": {"name": name}} for name in ("worker-7", "worker-8")]
    namespaces = [{"metadata": {"name": "default", "uid": "x"}}, {"metadata": {"name": "kube-system", "uid": uid}}]
    return tarball(
        {
            "meta/config.json": "{}",
            "plugins/e2e/results/global/e2e.log": log,
            "plugins/e2e/results/global/junit_01.xml": xml,
            "plugins/e2e/sonobuoy_results.yaml": "name: e2e\n",
            "podlogs/default/e2e.txt": "noise",
            "resources/cluster/core_v1_nodes.json": json.dumps(nodes),
            "resources/cluster/core_v1_namespaces.json": json.dumps(namespaces),
            "serverversion.json": json.dumps({"major": "1", "minor": "37", "gitVersion": version}),
        }
    )
