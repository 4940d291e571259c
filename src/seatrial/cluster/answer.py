"""What an API server answers, and which error it means where it is not what was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from seatrial.kit import text
from seatrial.model.errors import CannotJudge, Refused, Rejected, Unreachable

_NOT_ALLOWED = re.compile(r'(?i)\b(?:user )?".*?" cannot \w+ ')  # the wording of the authorizer; admission has its own
_FROM_ELSEWHERE = "Too large resource version"  # it has been restored from a backup, or is another server


class Expired(Unreachable):
    """410: what we held on to, such as a position in a list, is too old. Or the server has never been there."""


class NoSuchObject(Rejected):
    """404."""


class Conflict(Rejected):
    """409: another object of this name, or another version of this object, is in the way."""


class NoDryRun(Rejected):
    """An admission webhook has side effects, so that the server will not ask it for a dry run."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class _Status(msgspec.Struct, frozen=True):
    message: str = ""
    reason: str = ""


def error_of(answer: Answer, address: str) -> CannotJudge:
    """The error that an answer of 300 and above stands for, in the server's own words."""
    code = answer.status
    said = _said(answer)
    if code == 401:
        return Refused(
            f"{address} does not know who we are: {said}",
            way_out="the credential has expired or is for another cluster; log in again or choose with --context",
        )
    if code == 403 and (_NOT_ALLOWED.search(said) or not answer.body):
        return Refused(f"{address} does not allow it: {said}", way_out="seatrial rbac prints the rules that it takes")
    if code == 404:
        return NoSuchObject(f"{address} has no such thing: {said}")
    if code == 409:
        return Conflict(f"{address} has something in the way: {said}")
    if code == 400 and "does not support dry run" in said:
        return NoDryRun(f"{address} cannot try it out: {said}")
    if code == 410 or (code in (500, 504) and _FROM_ELSEWHERE in said):
        return Expired(f"{address} no longer has what we refer to: {said}", way_out="try again")
    if code == 403 or code in (400, 405, 406, 413, 415, 422):
        return Rejected(f"{address} rejects it: {said}")
    if code < 400:
        return Unreachable(
            f"{address} sends us elsewhere ({code})", way_out="give the address of the API server itself"
        )
    return Unreachable(f"{address} answers {code}: {said}", way_out="try again; look whether the cluster is healthy")


def _said(answer: Answer) -> str:
    try:
        status = msgspec.json.decode(answer.body, type=_Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        status = _Status(message=answer.body[:300].decode(errors="replace"))
    return text.one_line(status.message or status.reason) or f"status {answer.status}"
