"""Images: those that cannot be had, and pulls that spend their time in a queue."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.events import Event, Pull
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group, trouble
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
_QUEUED = 0.5  # share of a pull that went by in the queue (proposal)
_FEW = 3  # pulls that say nothing about a queue


@source("images.cannot-be-pulled")
def cannot_be_pulled(groups: All[Group]) -> Iterator[Found]:
    """An image cannot be pulled.

    Why: its name is wrong, its registry does not answer, or it wants credentials that the pod does not have.
    Prevent: name images by digest in a registry that the nodes reach, and pull them once before a rollout.
    """
    for group in groups:
        seen: set[str] = set()
        for pod in group.waiting:
            for container, reason, message in trouble(pod):
                image = _image(pod, container, message)
                if reason not in _REFUSED or image in seen:
                    continue
                seen.add(image)
                yield Wait(
                    waiter=group.subject,
                    holder=f"image {image}",
                    what="an image",
                    because=f"{pod.subject}: {reason}: {message or 'the node says no more'}",
                    certainty=Certainty.CERTAIN,
                    actions=(Action(f"see that the nodes can pull {image}: its name, its registry, its credentials"),),
                )


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
