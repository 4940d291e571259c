"""Where models come from: what servers are told on their command line, in their environment, or by an operator's object."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping

from seatrial.catalog.systems.kserve import InferenceService, LLMInferenceService
from seatrial.catalog.systems.kubernetes.pods import Container
from seatrial.catalog.views import ties
from seatrial.catalog.views.tenants import TenantWorkload
from seatrial.model.fact import Fact, Meta, Snapshot, View

_MODEL_FLAGS = ("--model", "--model-id", "--model-path", "--model-name-or-path", "--hf-model")
_MODEL_NAMES = ("MODEL_ID", "HF_MODEL_ID", "MODEL_NAME_OR_PATH", "VLLM_MODEL")
_REVISION_FLAG, _REVISION_NAMES = "--revision", ("REVISION", "HF_MODEL_REVISION")
_TRUST_FLAG, _TRUST_NAME = "--trust-remote-code", "TRUST_REMOTE_CODE"
_HUB = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,20})://(.*)", re.DOTALL)
_SERVE = "serve"  # as in `vllm serve MODEL`


class ModelSource(View, frozen=True):
    """One model that something is told to load."""

    of = "model-sources"
    drawn_from = (TenantWorkload, InferenceService, LLMInferenceService)
    ties = dict.fromkeys(drawn_from, ties.of_its_own)

    told_by: str = ""
    scheme: str = ""  # "hf" for a name on the hub, "" for a path
    path: str = ""
    revision: str = ""
    trusts_code: bool = False

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for workload in snapshot.all(TenantWorkload):
            for one in workload.spec.every_container:
                yield from _of_container(one, workload.metadata, workload.subject)
        for service in snapshot.all(InferenceService):
            model = service.spec.predictor.model
            for one in service.spec.predictor.containers:
                yield from _of_container(one, service.metadata, service.subject)
            if model and model.storage_uri:
                options = _options(model.args)
                yield _source(
                    service.metadata,
                    service.subject,
                    model.storage_uri,
                    options.get(_REVISION_FLAG, ""),
                    trusts=_TRUST_FLAG in options,
                )
        for large in snapshot.all(LLMInferenceService):
            if large.spec.model.uri:
                yield _source(large.metadata, large.subject, large.spec.model.uri, "", trusts=False)

    @property
    def subject(self) -> str:
        return self.told_by

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}" if self.scheme else self.path


def _of_container(container: Container, metadata: Meta, told_by: str) -> Iterator[ModelSource]:
    words = (*container.command, *container.args)
    options = _options(words)
    said = {one.name: one.value for one in container.env if one.value}
    names = [options[flag] for flag in _MODEL_FLAGS if options.get(flag)]
    names += [said[name] for name in _MODEL_NAMES if name in said]
    names += [after for word, after in itertools.pairwise(words) if word == _SERVE and not after.startswith("-")]
    if not names:
        return
    revision = options.get(_REVISION_FLAG) or next((said[name] for name in _REVISION_NAMES if name in said), "")
    trusts = options.get(_TRUST_FLAG, "false").lower() != "false" or said.get(_TRUST_NAME, "").lower() in ("1", "true")
    yield _source(metadata, told_by, names[0], revision, trusts=trusts)


def _options(words: tuple[str, ...]) -> Mapping[str, str]:
    """Flags with their values; one without a value has an empty one."""
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        name, is_joined, value = word.partition("=")
        if not name.startswith("--"):
            continue
        after = words[place + 1] if place + 1 < len(words) else ""
        found[name] = value if is_joined else "" if after.startswith("-") else after
    return found


def _source(metadata: Meta, told_by: str, name: str, revision: str, *, trusts: bool) -> ModelSource:
    match = _SCHEME.fullmatch(name)
    scheme, path = (match[1], match[2]) if match else ("hf" if _HUB.fullmatch(name) else "", name)
    if scheme == "hf" and not revision:
        path, _, revision = path.partition(":")
    if scheme == "oci" and not revision:
        revision = path.partition("@")[2]
    return ModelSource(
        metadata=metadata, told_by=told_by, scheme=scheme, path=path, revision=revision, trusts_code=trusts
    )
