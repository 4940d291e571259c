"""How quick submissions are judged: the limit is the C parser of YAML alone, on the same files."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.figures import Figure
from seatrial.app import submit

RUNS = 5
FILES = 60
WORDS = "The platform must show, on every node with accelerators, that what is asked here holds for each workload."
LINES = 400  # of each page of evidence


def lint() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        products = [_submission(home, number) for number in range(FILES)]
        seen, limit = [], []
        for _ in range(RUNS):  # by turns, so that a machine that slows down slows both
            begun = time.perf_counter()
            report = asyncio.run(submit.lint([home]))
            seen.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            for product in products:
                yaml.load(product.read_bytes(), Loader=yaml.CSafeLoader)
            limit.append(time.perf_counter() - begun)
        assert len(report.files) == FILES
    yield Figure(f"judge {FILES} submissions by every rule", seen, "s", limit, "yaml.CSafeLoader on the same files")
    yield Figure(
        "submissions a second", [FILES / one for one in seen], "/s", [FILES / one for one in limit], "the same"
    )


def _submission(home: Path, number: int) -> Path:
    """As large as those that are handed in: every requirement of a version answered, with links and three pages."""
    checklists = list(submit.every_checklist().values())
    checklist = checklists[number % len(checklists)]
    place = home / f"v{checklist.version}" / f"product-{number}"
    place.mkdir(parents=True)
    lines = [
        "metadata:",
        *(f"  {name}: {text}" for name, text in _metadata(checklist.version, number).items()),
        "spec:",
    ]
    for category in checklist.categories:
        lines.append(f"  {category}:")
        for one in checklist.asked:
            if one.category == category:
                links = [f"https://docs-{number}.example/{one.id}/{part}" for part in range(4)]
                lines += [f"    - id: {one.id}", f'      description: "{WORDS * 4}"', f"      level: {one.level}"]
                lines += ["      status: Implemented", "      evidence:", *(f"        - {link}" for link in links)]
                lines += ["        - page-0.md", f'      notes: "{WORDS}"']
    product = place / "PRODUCT.yaml"
    product.write_text("\n".join(lines) + "\n")
    for page in range(3):
        text = "".join(
            f"{line:06} node-{line % 7} pod trainer-{line} Running 0 12:30:{line % 60:02}\n" for line in range(LINES)
        )
        (place / f"page-{page}.md").write_text(text)
    return product


def _metadata(version: str, number: int) -> dict[str, str]:
    site = f"https://product-{number}.example"
    return {
        "kubernetesVersion": f"v{version}",
        "platformName": f"Product {number}",
        "platformVersion": '"1.0"',
        "vendorName": "SUSE",
        "websiteUrl": site,
        "documentationUrl": f"{site}/docs",
        "productLogoUrl": f"{site}/logo.svg",
        "description": "One of many.",
        "contactEmailAddress": f"team@product-{number}.example",
        "k8sConformanceUrl": f"https://github.com/cncf/k8s-conformance/tree/master/v{version}/product-{number}",
    }
