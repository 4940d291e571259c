"""Signed images, for real: signed by cosign in a registry on this machine, judged by policy-controller, pulled by the node.

The workload that is let in runs from the registry; what nobody signed, or a stranger did, is refused; and what the policy cannot see
is shown to pass.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from seatrial.app import harden
from seatrial.app.check import check
from seatrial.app.target import Target
from seatrial.catalog.remedies.signatures import SIGNERS, VERIFIED
from seatrial.engine.catalog import Catalog
from seatrial.lab import images, registry
from seatrial.lab import site as sites
from seatrial.lab.forge import obtain
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.verdict import Outcome
from tests.live.conftest import change, down, proven, tell, up

NAME = "test-signed"
SYSTEMS = ("lab-registry", "policy-controller", "gatekeeper", "kyverno")  # of the last the definitions alone
MODELS, OTHERS, THIRD = "models", "others", "third"  # the first has accelerators, so it is the one to be protected
VOLUMES = "supply-chain.image-volumes-are-verified"
FAIL_CLOSED = "supply-chain.verification-fails-closed"
HEEDED = "policies.are-heeded"


class Images(msgspec.Struct, frozen=True):
    """References by digest."""

    signed: str
    by_stranger: str
    in_new_form: str  # as cosign 3 signs, unless it is asked not to
    unsigned: str
    key: str  # the public one of who is to be trusted


class Signer:
    """cosign with a key pair of its own, without any service on the internet."""

    def __init__(self, cosign: Path, folder: Path) -> None:
        self.cosign, self.folder = cosign, folder
        folder.mkdir()
        self._run("generate-key-pair")

    @property
    def key(self) -> str:
        return (self.folder / "cosign.pub").read_text()

    def sign(self, reference: str, *, new_form: bool = False) -> None:
        offline = ("--use-signing-config=false", "--tlog-upload=false", f"--new-bundle-format={str(new_form).lower()}")
        certificate = registry.certificate(sites.need(NAME))
        self._run("sign", "--yes", "--key=cosign.key", *offline, f"--registry-cacert={certificate}", reference)

    def _run(self, *args: str) -> None:
        env = {**os.environ, "COSIGN_PASSWORD": "", "HOME": str(self.folder)}
        done = subprocess.run(
            [str(self.cosign), *args],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def kubectl(*args: str, given: Obj | None = None) -> subprocess.CompletedProcess[str]:
    site = sites.need(NAME)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", *args]
    text = json.dumps(given) if given is not None else ""
    return subprocess.run(argv, input=text, capture_output=True, text=True, timeout=120, check=False)


def done(*args: str, given: Obj | None = None) -> str:
    ran = kubectl(*args, given=given)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def pod(name: str, image: str, *, namespace: str = MODELS, devices: int = 0, volume: str = "") -> Obj:
    work: Obj = {"name": "work", "image": image, "command": ["/workload", "work", "--seconds", "0"]}
    if devices:
        work["resources"] = {"limits": {"seatrial.dev/accelerator": str(devices)}}
    volumes = [{"name": "model", "image": {"reference": volume}}] if volume else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [work], "volumes": volumes},
    }


def offered(obj: Obj) -> str:
    """What is said when the pod is refused, or of it when it is let in with a warning; empty where nothing is."""
    return kubectl("create", "--dry-run=server", "-f", "-", given=obj).stderr


def comes_to_say(obj: Obj, *words: str) -> str:
    """Policies take a moment until their program goes by them."""
    until = time.monotonic() + 60
    while not all(word in (said := offered(obj)) for word in words):
        assert time.monotonic() < until, said
        time.sleep(0.5)
    return said


def verdicts(*ids: str) -> dict[str, Outcome]:
    return {one.key: one.outcome for one in asyncio.run(check(Target(lab=NAME), only=ids)).findings}


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    try:
        up(LabSpec(name=NAME, level=LabLevel.NODE, systems=SYSTEMS))
        for namespace in (MODELS, OTHERS, THIRD):
            done("create", "namespace", namespace)
        yield NAME
    finally:
        down(NAME)


@pytest.fixture(scope="module")
def made(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Three images that differ in what they are started with, so that each has a digest of its own."""
    folder = tmp_path_factory.mktemp("images")
    site = sites.need(lab)
    cosign = asyncio.run(obtain(["cosign"], tell=tell))["cosign"]

    def pushed(name: str) -> str:
        archive = folder / f"{name}.tar"
        images.archive(
            Path(site.program("workload")), f"lab/{name}:v1", ("/workload", "work", f"--name={name}"), archive
        )
        return registry.push(site, archive, f"models/{name}")

    trusted, stranger = Signer(cosign, folder / "trusted"), Signer(cosign, folder / "stranger")
    signed, by_stranger, in_new_form, unsigned = map(pushed, ("signed", "by-stranger", "in-new-form", "unsigned"))
    trusted.sign(signed)
    stranger.sign(by_stranger)
    trusted.sign(in_new_form, new_form=True)
    return Images(signed, by_stranger, in_new_form, unsigned, trusted.key)


def running(name: str) -> Obj:
    done("wait", f"pod/{name}", "-n", MODELS, "--for=condition=Ready", "--timeout=60s")
    found: Obj = json.loads(done("get", "pod", name, "-n", MODELS, "-o", "json"))
    return found


def test_only_what_is_signed_runs_beside_models(lab: str, made: Images, tmp_path: Path) -> None:
    done("create", "-f", "-", given=pod("before", made.unsigned, devices=1))
    assert running("before")["status"]["containerStatuses"][0]["imageID"] == made.unsigned  # pulled from the registry
    assert verdicts(VERIFIED) == {f"{VERIFIED}@namespaces/{MODELS}": Outcome.FAIL}

    fixes = asyncio.run(harden.harden(Target(lab=lab), only=("signatures",)))
    (chosen,) = fixes.chosen
    assert [one.subject for one in chosen.findings] == [f"namespaces/{MODELS}"]
    out = tmp_path / "fixes"
    harden.write(out, fixes, force=False)
    secret: Obj = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SIGNERS, "namespace": "policy-controller-system"},
        "stringData": {"cosign.pub": made.key},
    }
    done("create", "-f", "-", given=secret)
    done("apply", "--server-side", "-k", str(out / "audit"))
    assert "Warning" in comes_to_say(pod("trial", made.unsigned), "seatrial-signatures")
    assert kubectl("create", "--dry-run=server", "-f", "-", given=pod("trial", made.unsigned)).returncode == 0

    done("apply", "--server-side", "--force-conflicts", "-k", str(out / "enforce"))
    in_force(made)
    assert verdicts(VERIFIED) == {f"{VERIFIED}@namespaces/{MODELS}": Outcome.PASS}
    assert (
        verdicts(FAIL_CLOSED)[f"{FAIL_CLOSED}@policy.sigstore.dev/clusterimagepolicies/seatrial-signatures"]
        is Outcome.PASS
    )
    assert asyncio.run(harden.harden(Target(lab=lab), only=("signatures",))).chosen == ()


def test_kyverno_s_policy_is_one_that_its_definition_allows(lab: str, made: Images, tmp_path: Path) -> None:
    """Kyverno itself does not run here: what it makes of the policy is not shown."""
    done("create", "-f", "-", given=pod("unlabelled", made.unsigned, namespace=THIRD, devices=1))
    fixes = asyncio.run(harden.harden(Target(lab=lab), only=("kyverno-signatures",)))
    harden.write(tmp_path / "fixes", fixes, force=False)
    for step in ("audit", "enforce"):
        (policy,) = fixes.chosen[0].fix.audit if step == "audit" else fixes.chosen[0].fix.enforce
        strictly = ("create", "--dry-run=server", "--validate=strict")
        done(*strictly, "-k", str(tmp_path / "fixes" / step))
        wrong = {**policy, "spec": {**policy["spec"], "matchImages": []}}
        assert "matchImages" in kubectl(*strictly, "-f", "-", given=wrong).stderr
    done("delete", "pod", "unlabelled", "-n", THIRD)


def in_force(made: Images) -> None:
    """Unsigned and signed by a stranger is refused, wherever in a pod it is; signed is let in, and runs."""
    denied = 'admission webhook "policy.sigstore.dev" denied the request'
    comes_to_say(pod("trial", made.unsigned), denied, "seatrial-signatures")
    assert "no signatures found" in offered(pod("trial", made.unsigned))
    for other in (made.by_stranger, made.in_new_form):  # with a key policy-controller reads the older form alone
        said = offered(pod("trial", other))
        assert denied in said
        assert "seatrial-signatures" in said
    fetching = pod("trial", made.signed)
    fetching["spec"]["initContainers"] = [{"name": "fetch", "image": made.unsigned}]
    assert denied in offered(fetching)
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("trial", made.unsigned)["spec"]}
    deployment: Obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "trial", "namespace": MODELS},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    assert denied in offered(deployment)

    assert offered(pod("trial", made.signed)) == ""
    done("create", "-f", "-", given=pod("signed", made.signed, devices=1))
    assert running("signed")["status"]["containerStatuses"][0]["imageID"] == made.signed
    for elsewhere in (OTHERS, "kube-system"):
        assert offered(pod("trial", made.unsigned, namespace=elsewhere)) == ""


def test_a_model_in_an_image_volume_is_not_seen_and_the_check_says_so(lab: str, made: Images) -> None:
    """policy-controller 0.15.1 looks at containers alone: an unsigned model is let in beside a signed server."""
    assert offered(pod("trial", made.signed, volume=made.unsigned)) == ""
    found = verdicts(VOLUMES)
    assert found[f"{VOLUMES}@policy.sigstore.dev/clusterimagepolicies/seatrial-signatures"] is Outcome.FAIL


def test_without_its_webhook_unsigned_is_let_in_and_the_proof_fails(lab: str, made: Images) -> None:
    healthy = {one.key: one for one in proven(lab, HEEDED).findings}
    assert {key: one.outcome for key, one in healthy.items()} == {
        f"{HEEDED}@{engine}": Outcome.PASS for engine in ("gatekeeper", "policy-controller")
    }, [one.because for one in healthy.values()]
    try:
        change(lab, "signatures-unasked", broken=True)
        assert offered(pod("trial", made.unsigned)) == ""
        broken = {one.key: one for one in proven(lab, HEEDED).findings}
        assert broken[f"{HEEDED}@policy-controller"].outcome is Outcome.FAIL
        assert "is let in" in broken[f"{HEEDED}@policy-controller"].because
        assert broken[f"{HEEDED}@gatekeeper"].outcome is Outcome.PASS
        assert verdicts(VERIFIED) == {f"{VERIFIED}@namespaces/{MODELS}": Outcome.FAIL}
    finally:
        change(lab, "signatures-unasked", broken=False)
    comes_to_say(pod("trial", made.unsigned), "denied the request")
    assert verdicts(VERIFIED) == {f"{VERIFIED}@namespaces/{MODELS}": Outcome.PASS}


def test_gatekeeper_as_published_fails_open_and_the_proof_fails(lab: str) -> None:
    try:
        change(lab, "engine-fails-open", broken=True)
        broken = {one.key: one for one in proven(lab, HEEDED).findings}
        assert broken[f"{HEEDED}@gatekeeper"].outcome is Outcome.FAIL
        assert "is let in" in broken[f"{HEEDED}@gatekeeper"].because
        assert broken[f"{HEEDED}@policy-controller"].outcome is Outcome.PASS
    finally:
        change(lab, "engine-fails-open", broken=False)
    assert {one.outcome for one in proven(lab, HEEDED).findings} == {Outcome.PASS}


def test_gatekeeper_holds_images_to_digests_and_registries_of_a_list(lab: str, made: Images, tmp_path: Path) -> None:
    """The variant of the policies of Kubernetes itself, with a list of registries beside it."""
    remedy = Catalog.installed().remedies["gatekeeper-images"]
    held = held_pods(made)
    for one in held:
        done("create", "-f", "-", given=one)
    fixes = asyncio.run(harden.harden(Target(lab=lab), only=(remedy.id,)))
    assert [one.remedy.id for one in fixes.chosen] == [remedy.id]
    out = tmp_path / "fixes"
    harden.write(out, fixes, force=False)
    apply_in_steps(out / "audit")
    by_tag = pod("trial", "seatrial.dev/lab/workload:v1", namespace=OTHERS, devices=1)
    assert "Warning" in comes_to_say(by_tag, "named by its digest")

    done("apply", "--server-side", "--force-conflicts", "-k", str(out / "enforce"))
    comes_to_say(by_tag, "denied")
    good, model = (pod("trial", made.unsigned, namespace=OTHERS, devices=1) for _ in range(2))
    assert offered(good) == ""
    model["spec"]["volumes"] = [
        {"name": "model", "image": {"reference": f"elsewhere.example.org/a@{made.signed.partition('@')[2]}"}}
    ]
    assert "from a registry of the list" in offered(model)
    assert offered({**by_tag, "metadata": {"name": "trial", "namespace": "kube-system"}}) == ""
    for trial in remedy.trials:
        if trial.refused:
            assert trial.refused in offered({**trial.obj, "metadata": {"name": "trial", "namespace": OTHERS}}), (
                trial.what
            )
    impact = fixes.chosen[0].fix.impact
    assert impact is not None
    foretold = {hit.subject: hit.because for hit in impact.hits if hit.namespace == OTHERS}
    assert 0 < len(foretold) < len(held)
    for one in held:  # what was foretold of each is what Gatekeeper says of it
        said = offered({**one, "metadata": {"name": "anew", "namespace": OTHERS}})
        because = foretold.get(f"pods/{OTHERS}/{one['metadata']['name']}", ())
        assert ("denied" in said) is bool(because), (one, said)
        assert all(word in said for word in because), (because, said)
    done("delete", "pod", *(one["metadata"]["name"] for one in held), "-n", OTHERS)
    found = verdicts(*remedy.cures)
    assert set(found.values()) <= {Outcome.PASS, Outcome.NOT_APPLICABLE}, found


def held_pods(made: Images) -> list[Obj]:
    """Pods that never run, each with one thing that the rules are about, with an accelerator and without."""
    by_tag, digest = "seatrial.dev/lab/workload:v1", made.unsigned.partition("@")[2]
    images = {"tagged": by_tag, "named": made.unsigned, "of-nobody": f"workload@{digest}"}
    found = [
        pod(f"{name}-{devices}", image, namespace=OTHERS, devices=devices)
        for name, image in images.items()
        for devices in (0, 1)
    ]
    found += [
        pod(f"volume-{name}", made.unsigned, namespace=OTHERS, devices=1, volume=image)
        for name, image in images.items()
    ]
    fetching = pod("fetching", made.unsigned, namespace=OTHERS, devices=1)
    fetching["spec"]["initContainers"] = [{"name": "fetch", "image": by_tag}]
    for one in (*found, fetching):
        one["spec"]["schedulingGates"] = [{"name": "example.com/hold"}]
    return [*found, fetching]


def apply_in_steps(step: Path) -> None:
    """A constraint is of a kind that Gatekeeper makes of the template: it takes a moment until the API server knows it."""
    until = time.monotonic() + 60
    while (ran := kubectl("apply", "--server-side", "-k", str(step))).returncode:
        assert time.monotonic() < until, ran.stderr
        time.sleep(0.5)
