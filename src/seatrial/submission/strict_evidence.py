"""What reviewers stumble over in evidence: links that do not last, results that show nothing, secrets and serials."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator

from seatrial.submission.artifacts import BadArtifact, Ending, Results, is_artifact, parse_junit
from seatrial.submission.document import Place
from seatrial.submission.folder import Presence, Unreadable
from seatrial.submission.leaks import leaks
from seatrial.submission.message import Grade, Hit, Link
from seatrial.submission.metadata import BY_NAME
from seatrial.submission.official_evidence import BadPath, files, links, references, resolved
from seatrial.submission.rule import STRICT_ONLY, Case, rule
from seatrial.submission.web import Url, split

MANY = 4
_MOST_SKIPPED = 0.8
# The suite's tests of a cluster; the rest of what it prints are tests of its own helpers.
SUITE = (
    "TestSecureAcceleratorAccess",
    "TestGangScheduling",
    "TestAcceleratorClusterAutoscaling",
    "TestAcceleratorDriverRuntimeManagement",
    "TestAcceleratorPerformanceMetrics",
    "TestAIServiceMetrics",
    "TestWorkloadSandboxing",
    "TestRobustCRDControllerOperation",
)
_PRIVATE = re.compile(
    r"(?i)(?:^|\.)(?:localhost|local|internal|intranet|corp|lan|svc|atlassian\.net|sharepoint\.com|slack\.com|notion\.so"
    r"|(?:docs|drive)\.google\.com|onedrive\.live\.com|dropbox\.com)$"
)
_MOVES = re.compile(
    r"^/[^/]+/[^/]+/(?:blob|tree|raw)/(?:refs/heads/)?(?:main|master|head|develop|latest)(?:/|$)", re.IGNORECASE
)
_MOVES_RAW = re.compile(r"^/[^/]+/[^/]+/(?:refs/heads/)?(?:main|master|head|develop)/", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    r"(?i)(?:^|&)(?:x-amz-signature|x-goog-signature|sig|token|access_token|api_?key|password)="
)
_TEXTS = (".md", ".txt", ".log", ".json", ".xml", ".yaml", ".yml", ".html", ".csv")
_LARGEST_TEXT = 8 << 20


@rule(Grade.WARNING, STRICT_ONLY)
def link_stands_for_few_requirements(case: Case) -> Iterator[Hit]:
    """No link is the evidence of many requirements.

    Why: a front page proves nothing in particular.
    Fix: link to the page that shows each requirement.
    """
    evidence = [link for link in links(case) if link.of not in BY_NAME]
    used = Counter({url: len({one.of for one in evidence if one.url == url}) for url in {one.url for one in evidence}})
    first = {one.url: one for one in reversed(evidence)}
    for url, number in used.items():
        if number >= MANY:
            yield Hit(
                first[url].at, f"one link is the evidence of {number} requirements", "link to what shows each of them"
            )


@rule(Grade.WARNING, STRICT_ONLY)
def link_is_public(case: Case) -> Iterator[Hit]:
    """Evidence can be read by everybody.

    Why: reviewers have no account, and evidence must stay readable for a year.
    Fix: publish the page, or put a file into the directory.
    """
    for link, url in _split(links(case)):
        if url is None or _is_private(url):
            yield Hit(link.at, f"{link.of}: only some can read {link.url!r}", "publish it, or add it as a file")


@rule(Grade.WARNING, STRICT_ONLY)
def link_does_not_move(case: Case) -> Iterator[Hit]:
    """Evidence on a code host is of a tag or a commit.

    Why: what a branch shows changes, and evidence that went dead has to be mended within 30 days.
    Fix: link to a tag or a commit, or put a file into the directory.
    """
    for link, url in _split(links(case)):
        moves = url is not None and (
            (url.host == "github.com" and _MOVES.match(url.path))
            or (url.host == "raw.githubusercontent.com" and _MOVES_RAW.match(url.path))
        )
        if moves and link.of not in BY_NAME:
            yield Hit(link.at, f"{link.of}: the link follows a branch", "link to a tag or a commit")


@rule(Grade.ERROR, STRICT_ONLY)
def link_carries_no_secret(case: Case) -> Iterator[Hit]:
    """No link carries a password, a token or a signature.

    Why: everybody can read the file, and such links end.
    Fix: revoke it, and link to a public page.
    """
    for link, url in _split(links(case)):
        if url is not None and (url.has_user or _SECRET_PARAMETER.search(url.query)):
            yield Hit(link.at, f"{link.of}: the link carries a secret", "revoke it, and link to a public page")


@rule(Grade.ERROR, STRICT_ONLY)
def evidence_is_a_link_or_a_file(case: Case) -> Iterator[Hit]:
    """Evidence is an address or a file.

    Why: the validator lets names pass that cannot be files, such as whole sentences.
    Fix: move the words to notes.
    """
    for asked, _, one in files(case):
        try:
            path, _ = resolved(one.text, case.folder.parent, case.folder.name)
        except BadPath:
            continue
        if case.folder.presence(path) is Presence.UNCLEAR:
            yield Hit(one.at, f"{asked.id}: the evidence is neither a link nor a file", "move the words to notes")


@rule(Grade.WARNING, STRICT_ONLY)
def test_results_exercise_the_cluster(case: Case) -> Iterator[Hit]:
    """Test results are of tests that touched a cluster.

    Why: a file in which nearly all is skipped, or that holds only the suite's tests of its own helpers, proves nothing.
    Fix: run the tests with the flags that they need.
    """
    places = {one.path: one.at for one in references(case)}
    for path in case.folder.names():
        results = _results(case, path)
        if results is None:
            continue
        endings = Counter(results.whole.values())
        skipped, total = endings[Ending.SKIPPED], sum(endings.values())
        at, file = (places[path], "") if path in places else (Place(1, 1), path)
        if total and skipped / total >= _MOST_SKIPPED:
            yield Hit(
                at,
                f"{path}: {skipped} of {total} tests were skipped",
                "run them with the flags that they need",
                file=file,
            )
        elif not any(name in results.tests or results.ending(name) for name in SUITE) and not _is_ours(results):
            yield Hit(at, f"{path} holds none of the suite's tests of a cluster", "run these", file=file)


@rule(Grade.WARNING, STRICT_ONLY)
def nothing_private_is_told(case: Case) -> Iterator[Hit]:
    """The directory tells no secrets, serial numbers, UUIDs of devices or addresses of machines.

    Why: what is merged stays public for ever.
    Fix: revoke secrets; replace serials and addresses by names.
    """
    for path in ("PRODUCT.yaml", *(one for one in case.folder.names() if one != "PRODUCT.yaml")):
        if not path.lower().endswith(_TEXTS):
            continue
        try:
            data = case.folder.read(path)
        except Unreadable:
            continue
        yield from _told(path, data[:_LARGEST_TEXT].decode(errors="replace"))


def _told(path: str, text: str) -> Iterator[Hit]:
    """The first line of each kind, and how many there are."""
    found, file = leaks(text), "" if path == "PRODUCT.yaml" else path
    if found.secrets:
        what = f"{_count(found.secrets)} a secret"
        yield Hit(Place(found.secrets[0], 1), what, "revoke it, and take it out", Grade.ERROR, file)
    if found.identities:
        what = f"{_count(found.identities)} a serial, a UUID of a device or an address"
        yield Hit(Place(found.identities[0], 1), what, "replace it by a name", file=file)


def _count(lines: tuple[int, ...]) -> str:
    return "a line holds" if len(lines) == 1 else f"{len(lines)} lines hold"


def _results(case: Case, path: str) -> Results | None:
    name = path.rpartition("/")[2].lower()
    try:
        if is_artifact(path):
            return case.results(path)
        if name.startswith("junit") and name.endswith(".xml"):
            return parse_junit(case.folder.read(path))
    except (BadArtifact, Unreadable):
        return None
    return None


def _is_ours(results: Results) -> bool:
    """Whether these are the results of a proof by seatrial, whose cases are named after requirements."""
    return any(name.startswith("seatrial/") for name in results.tests)


def _split(found: Iterator[Link]) -> Iterator[tuple[Link, Url | None]]:
    for link in found:
        yield link, split(link.url)


def _is_private(url: Url) -> bool:
    try:
        return not ipaddress.ip_address(url.host).is_global
    except ValueError:
        return "." not in url.host or _PRIVATE.search(url.host) is not None
