"""One request and its answer: the moments that count, and what became of it."""

from __future__ import annotations

from array import array

from seatrial.kit.histogram import Histogram
from seatrial.measure.events import Events
from seatrial.measure.framing import Body, Framing, Malformed
from seatrial.measure.retry import seconds_until
from seatrial.model.load_result import MARKS, Ending, Mark, Row

_BIT = {mark: 1 << number for number, mark in enumerate(MARKS)}
_LONGEST_WAIT = 3600.0  # of Retry-After that is believed


class Exchange:
    """Fed with what the connection reads. Moments are those of ``time.monotonic_ns``; -1 where one did not come."""

    __slots__ = (
        "_document",
        "_framing",
        "_is_stream",
        "_keeps",
        "_last_text",
        "_reads",
        "answered",
        "begun",
        "due",
        "end",
        "ending",
        "events",
        "first",
        "heard",
        "index",
        "marks",
        "model",
        "over",
        "request",
        "sent",
        "stall",
    )

    def __init__(
        self, index: int, due: int, begun: int, model: int, request: bytes, *, is_stream: bool, keeps: bool = False
    ) -> None:
        self.index, self.due, self.begun, self.model, self.request = index, due, begun, model, request
        self._is_stream, self._keeps = is_stream, keeps
        self.sent = self.first = self.end = self._last_text = -1
        self.over = -1  # when that was known
        self.ending: Ending | None = None
        self.marks = 0
        self.stall = 0
        self.again()

    def again(self) -> None:
        """As before the first byte of an answer."""
        self.events = Events(is_stream=self._is_stream, keeps=self._keeps)
        self._framing = Framing(self._begin)
        self._document = False  # where a stream was asked for
        self._reads = array("q")  # a moment and how many events it brought, by turns
        self.heard = -1  # the last byte
        self.answered = False

    @property
    def may_keep(self) -> bool:
        """Whether its connection may be used again."""
        return self._framing.whole and self._framing.keep

    def mark(self, mark: Mark) -> None:
        self.marks |= _BIT[mark]

    def feed(self, data: bytes, at: int) -> bool:
        """Whether the answer is complete; all that came in one read bears one moment."""
        events, framing = self.events, self._framing
        before = events.texts
        framing.feed(data)
        if not self.answered:
            self.answered = True
        elif (silence := at - self.heard) > self.stall:
            self.stall = silence
        self.heard = at
        if came := events.texts - before:
            if self._last_text < 0:
                self.first = at
            self._last_text = at
            self._reads.append(at)
            self._reads.append(came)
        return framing.whole

    def _begin(self, framing: Framing) -> Body:
        """Who takes the body. That of a failure says nothing that is counted."""
        if framing.status != 200:
            return len
        if framing.headers.get(b"content-encoding", b"identity").lower() not in (b"", b"identity"):
            raise Malformed("packed, which was not asked for")
        if self._is_stream and b"json" in framing.headers.get(b"content-type", b"").lower():
            self._document, self.events.is_stream = True, False
        return self.events.feed

    def close(self, ending: Ending | None, at: int) -> None:
        """It is over: cut off for the reason that is given, or, without one, because the other side is done."""
        self.end = self.over = at
        if self.events.done and ending in (Ending.SILENT, Ending.TIMEOUT, Ending.STOPPED):
            ending, self.end = None, self.heard  # it had said that it was done, and then forgot to end
        if ending is None:
            try:
                ending = self._judge()
            except Malformed:
                ending = Ending.MALFORMED
        self.ending = ending

    def _judge(self) -> Ending:
        framing, events = self._framing, self.events
        if not framing.started:
            return Ending.RESET
        if framing.status != 200:
            if not framing.status:
                return Ending.TRUNCATED
            return Ending.LIMITED if framing.status == 429 else Ending.STATUS
        whole = framing.whole
        if whole or framing.ends_with_connection:
            whole = self._closed(whole=whole)
        if events.error:
            return Ending.ERROR_EVENT
        if not whole and not events.done:
            return Ending.TRUNCATED
        if self._document:
            return Ending.MALFORMED
        if not events.texts:
            return Ending.NO_TOKEN
        if not events.done and not events.finished:
            return Ending.UNFINISHED
        if not events.done:
            self.mark(Mark.NO_DONE)
        return Ending.OK

    def _closed(self, *, whole: bool) -> bool:
        """Whether what came last was whole. Where only the end of the connection ends it, half an event is a cut one."""
        try:
            self.events.close()
        except Malformed:
            if whole:
                raise
            return False
        return True

    def row(self, start: int, stall: int) -> Row:
        """``start``: of the run; ``stall``: from when on silence inside a stream is marked."""
        assert self.ending is not None
        events = self.events
        if events.empty_first:
            self.mark(Mark.EMPTY_FIRST)
        if len(self._reads) < 2 * events.texts and self._is_stream:
            self.mark(Mark.COALESCED)
        if self.ending is Ending.OK and events.tokens_out < 0:
            self.mark(Mark.NO_USAGE)
        if self.stall > stall:
            self.mark(Mark.STALLED)
        return Row(
            index=self.index,
            due=self.due - start,
            begun=self.begun - start,
            sent=_since(self.sent, start),
            first=_since(self.first, start) if self._is_stream else -1,
            last=_since(self._last_text, start),
            end=self.end - start,
            ending=self.ending,
            status=self._framing.status,
            tokens_in=events.tokens_in,
            tokens_out=events.tokens_out,
            chunks=events.texts,
            stall=self.stall,
            marks=self.marks,
            model=self.model,
            retry_after=self.retry_after(),
            text=events.uncounted if self.ending is Ending.OK else "",
        )

    def retry_after(self) -> float:
        headers = self._framing.headers
        if (value := headers.get(b"retry-after")) is None:
            return 0.0
        return min(seconds_until(value, headers.get(b"date")), _LONGEST_WAIT)

    def gaps(self, gaps: Histogram, per_token: Histogram, same: Histogram) -> None:
        """The times between reads, and those shared out among the tokens that came with each. ``same`` is both at once."""
        reads = self._reads
        if len(reads) < 4:
            return
        tokens = self.events.tokens_out if self.events.tokens_out > 0 else self.events.texts
        per_event = tokens / self.events.texts
        before = reads[0]
        for number in range(2, len(reads), 2):
            gap = reads[number] - before
            before = reads[number]
            share = reads[number + 1] * per_event
            if share == 1:  # by far the most, and each record has its price
                same.record(gap)
            else:
                gaps.record(gap)
                per_token.record(round(gap / share), max(round(share), 1))


def _since(moment: int, start: int) -> int:
    return moment - start if moment >= 0 else -1
