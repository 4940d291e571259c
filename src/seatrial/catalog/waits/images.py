"""Images: those that cannot be had, and pulls that spend their time in a queue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from seatrial.catalog.systems.kubernetes.events import Event, Pull
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group, trouble
from seatrial.catalog.waits.said import in_order
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_REFUSED = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "ImageInspectError",
)
# What a registry or a runtime says, in the order in which it is looked for: what that means, and what one does about it.
_CAUSES = (
    (r"toomanyrequests|429 Too Many|rate limit", "its registry limits how often one may pull", "pull with an account, or through a mirror of your own"),
    (r"no match for platform|no matching manifest", "it is not made for the platform of the node", "build it for that platform, or select nodes of another"),
    (r"no space left on device", "the disk of the node is full", "free space on the node, or give its images a larger disk"),
    (r"x509|certificate|tls: ", "the certificate of its registry is not trusted", "give the nodes the authority that signed the certificate of the registry"),
    (r"no such host|lookup .{1,253}: (?:server misbehaving|i/o timeout)", "the name of its registry is not known to the node", "correct the name, or the DNS of the nodes"),
    (r"i/o timeout|context deadline exceeded|connection refused|no route to host|connection reset|EOF\b|50[0-9] ", "its registry does not answer", "see that the nodes reach the registry, through a proxy where there is one"),
    (r"401|403|[Uu]nauthorized|[Ff]orbidden|access denied|authentication required|authorization failed|insufficient_scope|denied:", "its registry lets nobody in without credentials, or there is no such image", "name a Secret with credentials in imagePullSecrets, or correct the name"),
    (r"not found|manifest unknown|NAME_UNKNOWN|does not exist", "there is no such image, or no such tag", "correct the name, or push the image"),
    (r"couldn't parse image|invalid reference format", "its name is no name of an image", "correct the name"),
)  # fmt: skip
_FAILED = "Failed"  # the kubelet's event says why, while the container only says that it waits
_NAMED = re.compile(r'Failed to pull image "([^"]{1,1000})"')
_QUEUED = 0.5  # share of a pull that went by in the queue (proposal)
_FEW = 3  # pulls that say nothing about a queue


@source("images.cannot-be-pulled")
def cannot_be_pulled(groups: All[Group], events: All[Event]) -> Iterator[Found]:
    """An image cannot be pulled.

    Why: its name is wrong, its registry does not answer, or it wants credentials that the pod does not have.
    Prevent: name images by digest in a registry that the nodes reach, and pull them once before a rollout.
    """
    said = _said(events)
    for group in groups:
        seen: set[str] = set()
        for pod in group.waiting:
            for container, reason, message in trouble(pod):
                image = _image(pod, container, message)
                if reason not in _REFUSED or image in seen:
                    continue
                seen.add(image)
                more = said.get((pod.metadata.namespace, pod.name, image), "")
                yield _unpulled(group, image, f"{pod.subject}: {reason}", message, more)


def _unpulled(group: Group, image: str, where: str, message: str, more: str) -> Wait:
    """``more`` is what an event says: the container may only say that it waits."""
    told = message if cause_of(message) or not more else more
    why, action = cause_of(told) or ("", "see that the nodes can pull it: its name, its registry, its credentials")
    because = f"{where}: {told or 'the node says no more'}"
    return Wait(
        waiter=group.subject,
        holder=f"image {image}",
        what="an image",
        because=f"{why}; {because}" if why else because,
        certainty=Certainty.CERTAIN,
        actions=(Action(f"{image}: {action}"),),
    )


def _said(events: All[Event]) -> Mapping[tuple[str, str, str], str]:
    """Of each pod and image the last word of the kubelet."""
    found: dict[tuple[str, str, str], str] = {}
    for event in in_order(events, (_FAILED,)):
        if named := _NAMED.search(event.message):
            found[event.involved_object.namespace, event.involved_object.name, named[1]] = event.message
    return found


def cause_of(message: str) -> tuple[str, str] | None:
    """What it comes down to, and what one does about it; nothing where its words are not known."""
    return next(((why, action) for pattern, why, action in _CAUSES if re.search(pattern, message)), None)


def _image(pod: Pod, container: str, message: str) -> str:
    """A container waits for its image volumes as for its own image, and only the message tells which it is."""
    volumes = [one.image.reference for one in pod.spec.volumes if one.image is not None and one.image.reference]
    for reference in sorted(volumes, key=len, reverse=True):
        if reference in message:
            return reference
    return next((one.image for one in pod.spec.every_container if one.name == container), container)


@source("images.pulls-queue-up")
def pulls_queue_up(groups: All[Group], events: All[Event]) -> Iterator[Found]:
    """Pulls of images spend most of their time waiting for other pulls.

    Why: nodes pull one image after the other, and many nodes that start at once share one registry and one network.
    Prevent: spread images among the nodes themselves (Dragonfly, Spegel), pull them before they are needed, and make them smaller.
    """
    late = [(event.involved_object, pull) for event in events if (pull := event.pull) and _queued(pull)]
    if len(late) < _FEW:
        return
    owner = {(pod.metadata.namespace, pod.name): group.subject for group in groups for pod in group.pods}
    slow: dict[str, list[tuple[str, float, float]]] = {}
    for pod, pull in late:
        subject = owner.get((pod.namespace, pod.name))
        if subject is not None:
            slow.setdefault(subject, []).append((pull.image, pull.seconds, pull.with_waiting))
    if sum(map(len, slow.values())) < _FEW:
        return
    for subject, pulls in slow.items():
        image, alone, total = max(pulls, key=lambda one: (one[2], one[0]))
        yield Wait(
            waiter=subject,
            holder="the queue of image pulls",
            what="images",
            because=f"{many(len(pulls), 'pull')} waited longer than they took; {image} took {alone:.0f} s of {total:.0f} s, {1 - alone / total:.0%} of it in the queue",
            missing=len(pulls),
            certainty=Certainty.CERTAIN,
            stops=False,
            actions=(Action("let nodes pull from each other, or pull the images before the rollout"),),
        )


def _queued(pull: Pull) -> bool:
    return pull.with_waiting > 0 and (pull.with_waiting - pull.seconds) / pull.with_waiting > _QUEUED
