"""A small programme of our own, a product that answers all of it, and ways to get it wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from seatrial.kit import digest
from seatrial.model.standard import Automated, Coverage, Level, NotYet, Requirement, Standard
from seatrial.submission import lint as linting
from seatrial.submission import members
from seatrial.submission.checklist import Checklists, of_standard
from seatrial.submission.folder import MemoryFolder
from seatrial.submission.message import Message
from seatrial.submission.rule import Case, Profile

TEXTS = {
    "gang_scheduling": "Pods start together.",
    "cluster_autoscaling": "If there is an autoscaler, it scales.",
    "ai_inference": "Traffic is split.",
    "gpu_sharing": "Cards can be shared.",
}
BEFORE = {**TEXTS, "ai_inference": "Traffic is parted.", "old_thing": "It was asked once."}
CATEGORIES = {"ai_inference": "networking", "gpu_sharing": "accelerators", "old_thing": "accelerators"}


def requirement(id: str, text: str, level: Level = Level.MUST, coverage: Coverage | None = None) -> Requirement:
    return Requirement(
        id=id,
        category=CATEGORIES.get(id, "scheduling"),
        level=level,
        gist=f"what {id} comes down to",
        digest=digest.of_text(text),
        coverage=coverage or NotYet("nothing covers it"),
    )


def standard(version: str = "1.37", texts: Mapping[str, str] = TEXTS) -> Standard:
    coverage = {
        "gang_scheduling": Automated(("gang.starts-whole",)),
        "cluster_autoscaling": Automated(("nodes.follow",)),
    }
    levels = {"gpu_sharing": Level.SHOULD, "old_thing": Level.SHOULD}
    return Standard(
        id="cncf-ai",
        version=version,
        title="a programme of our own",
        stated=dt.date(2026, 1, 1),
        source="here",
        requirements=tuple(
            requirement(id, text, levels.get(id, Level.MUST), coverage.get(id)) for id, text in texts.items()
        ),
    )


CHECKLISTS: Checklists = {
    "1.37": of_standard(standard()),
    "1.36": of_standard(standard("1.36", BEFORE)),
}
MEMBERS = members.of_names(["Yoyodyne (member)", "Acme Inc. (supporter)"], stated=dt.date(2026, 8, 7))

JUNIT = b'<testsuite><testcase name="TestGangScheduling"/><testcase name="TestOther"/></testsuite>'
FILES = {"junit.xml": JUNIT, "page.md": b"# it works\n"}

PRODUCT = """\
metadata:
  kubernetesVersion: v1.37
  platformName: Encabulator
  platformVersion: "1.0"
  vendorName: Yoyodyne
  websiteUrl: https://yoyo.example
  documentationUrl: https://yoyo.example/docs
  productLogoUrl: https://yoyo.example/logo.svg
  description: It encabulates.
  contactEmailAddress: team@yoyo.example
  k8sConformanceUrl: https://github.com/cncf/k8s-conformance/tree/master/v1.37/encabulator
spec:
  scheduling:
    - id: gang_scheduling
      description: Pods start together.
      level: MUST
      status: Implemented
      evidence:
        - junit.xml
      notes: ""
    - id: cluster_autoscaling
      description: If there is an autoscaler, it scales.
      level: MUST
      status: N/A
      evidence: []
      notes: Machines are bought, so there is no autoscaler.
  networking:
    - id: ai_inference
      description: Traffic is split.
      level: MUST
      status: Implemented
      evidence:
        - page.md
      notes: ""
  accelerators:
    - id: gpu_sharing
      description: Cards can be shared.
      level: SHOULD
      status: ""
      evidence: []
      notes: ""
"""


def case(
    product: str = PRODUCT,
    files: Mapping[str, bytes] = FILES,
    *,
    profile: Profile = Profile.STRICT,
    parent: str = "v1.37",
    checklists: Checklists = CHECKLISTS,
    vendors: members.Members = MEMBERS,
) -> Case:
    folder = MemoryFolder({**files, "PRODUCT.yaml": product.encode()}, "encabulator", parent)
    return linting.case_of(product.encode(), folder, profile=profile, checklists=checklists, members=vendors)


def lint(product: str = PRODUCT, files: Mapping[str, bytes] = FILES, **more: object) -> tuple[Message, ...]:
    return linting.lint(case(product, files, **more), "v1.37/encabulator/PRODUCT.yaml")  # type: ignore[arg-type]


def edited(*edits: tuple[str, str], product: str = PRODUCT) -> str:
    """Each edit replaces a text that is there."""
    for old, new in edits:
        assert old in product, old
        product = product.replace(old, new, 1)
    return product


def line_of(text: str, product: str) -> int:
    return next(number for number, line in enumerate(product.splitlines(), start=1) if text in line)
