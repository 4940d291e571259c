"""The check; its area is the name of this module."""

from __future__ import annotations

from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, passed
from seatrial_example_plugin.model_cache import ModelCache


@check("caching.model-cache-is-warm", severity=Severity.MEDIUM)
def model_cache_is_warm(cache: ModelCache) -> Verdict:
    """Every ModelCache holds as many copies as it was asked for.

    Why: a server that starts on a node without a copy loads the whole model over the network first.
    Fix: see which nodes lack the disk space, or lower `spec.replicas`.
    """
    ready, wanted = cache.status.ready_replicas, cache.spec.replicas
    verdict = passed if ready >= wanted else failed
    return verdict(f"{ready} of {wanted} copies are ready", ready=ready, wanted=wanted)
