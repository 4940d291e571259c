"""What reviewers stumble over in the metadata: versions, addresses, the logo."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seatrial.submission.message import Grade, Hit
from seatrial.submission.metadata import BY_NAME, FIELDS
from seatrial.submission.official import conformance_version, is_placeholder
from seatrial.submission.product import Text
from seatrial.submission.rule import STRICT_ONLY, Case, rule
from seatrial.submission.web import split

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_KUBERNETES = re.compile(r"v([0-9]+\.[0-9]+)")
_VECTORS = (".svg", ".eps", ".ai")


@rule(Grade.ERROR, STRICT_ONLY)
def base_conformance_is_of_this_version(case: Case) -> Iterator[Hit]:
    """k8sConformanceUrl is of the Kubernetes version that is handed in.

    Why: the validator does not compare them; conformance of another version shows nothing about this one.
    Fix: certify this version first, and link to that.
    """
    text = _text(case, "k8sConformanceUrl")
    seen = conformance_version(text.text)
    if seen and case.version and seen != case.version:
        yield Hit(
            text.at, f"k8sConformanceUrl is of {seen}, and this is for {case.version}", f"link to v{case.version}/NAME"
        )


@rule(Grade.ERROR, STRICT_ONLY)
def kubernetes_version_is_that_of_the_path(case: Case) -> Iterator[Hit]:
    """kubernetesVersion is vX.Y, as in the path.

    Why: the validator takes the version from the path and never looks here; with a patch version the two differ.
    Fix: write vX.Y; the patch version belongs to platformVersion or a README.
    """
    text = _text(case, "kubernetesVersion")
    match = _KUBERNETES.fullmatch(text.text)
    if text.text and not is_placeholder(text.text) and case.version and (match is None or match[1] != case.version):
        patched = re.fullmatch(rf"v?{re.escape(case.version)}(?:\.[0-9]+)?.*", text.text) is not None
        what = "is more or less than vX.Y" if patched else f"is not that of the path, v{case.version}"
        yield Hit(text.at, f"kubernetesVersion {text.text!r} {what}", f"write v{case.version}")


@rule(Grade.ERROR, STRICT_ONLY)
def email_is_an_address(case: Case) -> Iterator[Hit]:
    """contactEmailAddress is an address.

    Why: the programme writes to it when evidence goes dead; the validator takes any text.
    Fix: write one address, best of a team.
    """
    text = _text(case, "contactEmailAddress")
    if text.text and not is_placeholder(text.text) and not _EMAIL.fullmatch(text.text.strip()):
        yield Hit(text.at, f"contactEmailAddress {text.text!r} is no e-mail address", "write one address")


@rule(Grade.ERROR, STRICT_ONLY)
def logo_is_a_vector(case: Case) -> Iterator[Hit]:
    """productLogoUrl is an SVG, AI or EPS file.

    Why: the instructions refuse PNG, and the landscape cannot show it.
    Fix: link to the vector file itself.
    """
    text = _text(case, "productLogoUrl")
    if not text.text.startswith("http"):
        return
    url = split(text.text)
    if url is None or not url.path.lower().endswith(_VECTORS):
        yield Hit(text.at, "productLogoUrl is no SVG, AI or EPS file", "link to the vector file")
    elif url.host == "github.com" and "/blob/" in url.path and "raw=true" not in url.query:
        yield Hit(
            text.at,
            "productLogoUrl is GitHub's page about the logo, not the logo",
            "link to it under /raw/",
            Grade.WARNING,
        )


@rule(Grade.WARNING, STRICT_ONLY)
def field_is_a_link(case: Case) -> Iterator[Hit]:
    """Fields that end in Url hold an address.

    Why: the validator calls what begins with http, and takes everything else for text.
    Fix: write the whole address, with https://.
    """
    for field in FIELDS:
        text = _text(case, field.name)
        wanted = field.name.endswith("Url") and field.name != "k8sConformanceUrl"
        if wanted and text.text and not is_placeholder(text.text) and split(text.text) is None:
            yield Hit(text.at, f"{field.name} is no address", "write it with https://")


@rule(Grade.WARNING, STRICT_ONLY)
def field_is_known(case: Case) -> Iterator[Hit]:
    """The metadata holds no field that nobody reads.

    Why: what is misspelt is not read.
    Fix: rename it, or take it out.
    """
    known = {name for field in FIELDS for name in field.names}
    for name, field in (case.product.metadata or {}).items():
        if name not in known:
            yield Hit(field.at, f"nobody reads the field {name!r}", "rename it, or take it out")


def _text(case: Case, field: str) -> Text:
    return case.product.text(*BY_NAME[field].names)
