import msgspec
import pytest

from seatrial.attest.outgoing import outgoing
from seatrial.kit import digest
from seatrial.model.errors import UsageError
from seatrial.model.evidence import Entry, Evidence, Step
from seatrial.model.run import Run
from tests.unit.attest.scene import stored


def _with(entry: Entry) -> Run:
    entries = (entry,)
    one = Evidence("e1", "area.good", "", False, entries, digest.of_value(entries))
    return msgspec.structs.replace(stored(), evidence=(one,))


def _entry(what: str, **detail: object) -> Entry:
    return Entry(stored().started_at, 0.0, Step.SAW, what, detail)


def test_what_holds_no_secret_stays_as_it_was() -> None:
    assert outgoing(stored()) == stored()


def test_a_secret_goes_and_the_record_says_so_under_a_new_digest() -> None:
    before = _with(_entry("it said token=hushhush", **{"10.0.0.1": "serial: 1655020001"}))
    (after,) = outgoing(before).evidence
    assert "hush" not in str(after)
    assert "10.0.0.1" not in str(after)
    assert "1655020001" not in str(after)
    assert after.digest == digest.of_value(after.entries)
    assert before.evidence[0].digest in after.entries[-1].what
    assert after.entries[-1].step is Step.NOTED


def test_everything_around_the_records_is_redacted_too() -> None:
    run = msgspec.structs.replace(stored(), command="seatrial prove --token hushhushhush --server https://10.1.2.3")
    assert outgoing(run).command == "seatrial prove --token <removed> --server https://<address>"


def test_leaving_twice_changes_nothing_more() -> None:
    once = outgoing(_with(_entry("at 10.0.0.1")))
    assert outgoing(once) == once


def test_a_record_that_was_changed_is_refused() -> None:
    run = _with(_entry("it failed"))
    forged = msgspec.structs.replace(run.evidence[0], entries=(_entry("it passed"),))
    with pytest.raises(UsageError, match="'e1' of the Run does not have the digest"):
        outgoing(msgspec.structs.replace(run, evidence=(forged,)))
