package modelserver

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"time"
)

// stream is one answer on its way, whether the client gets it token by token or at the end.
type stream struct {
	server   *Server
	conn     *connection
	asked    *Asked
	chat     bool
	plain    bool // HTTP/1.0
	last     bool // the connection ends with it
	ways     ways
	words    uint64
	envelope envelope
	tokens   int       // that there are to be
	reason   string    // why no more
	start    int64     // of its schedule
	ready    int       // tokens that were made
	written  int       // tokens that were written
	rest     []byte    // of an event that was cut in two
	took     *Transfer // what came from the server that read the prompt
	made     *Transfer
	sequence *sequence // in the engine
	record   *Record
	admitted bool
	ended    bool
}

// open sends the header at once, as the real servers do: it is not the first token.
func (s *stream) open() {
	s.envelope, s.record.Reason = newEnvelope(s), s.reason
	if s.asked.Stream {
		head := s.server.head(s.server.scratch[:0], http.StatusOK, "text/event-stream; charset=utf-8", s.record.ID, -1, s.plain, s.last)
		head = append(head, "Cache-Control: no-cache\r\n\r\n"...)
		if s.ways.slowHead > 0 {
			dribble(s, head)
			return
		}
		s.record.Headers = s.server.loop.now()
		s.write(head)
	}
	s.begin()
}

func (s *stream) begin() {
	if s.ways.hasEmpty && s.asked.Stream {
		s.server.loop.add(s.start+int64(s.ways.emptyFirst), emptyFirst{s})
	}
	if !s.ended {
		s.admitted = true
		s.server.pace.admit(s)
	}
}

// salt keeps what different adapters make of the same text apart in the cache.
func (s *stream) salt() uint64 {
	if s.record.Adapter == "" {
		return 0
	}
	sum := fnv.New64a()
	_, _ = io.WriteString(sum, s.record.Adapter)
	return sum.Sum64()
}

// write takes over the scratch buffer that it is given.
func (s *stream) write(b []byte) {
	s.conn.write(b)
	s.server.scratch = b[:0]
}

// fire delivers the next token, where each has its own time. When we are late, those that are due by now go along with it.
func (s *stream) fire(due, now int64) {
	defer s.conn.release()
	for !s.ended {
		s.deliver(due)
		next, more := s.server.pace.next(s)
		if !more || s.ended {
			return
		}
		if next > now {
			s.server.loop.add(next, s)
			return
		}
		due = next
		s.conn.hold()
	}
}

// deliver is for the next token that is made: it is written, waits for those that go with it, or is where things go wrong.
func (s *stream) deliver(due int64) {
	if s.ended {
		return
	}
	if s.ways.ends != properly && s.ready == s.ways.endsAt {
		s.ready++
		s.endEarly()
		return
	}
	s.ready++
	switch over := s.ready == s.tokens; {
	case !s.asked.Stream && over:
		s.answer(due)
	case s.asked.Stream && (over || s.ready-s.written >= s.ways.together):
		s.event(due, over)
	}
}

func (s *stream) event(due int64, over bool) {
	s.finishCut()
	b := s.server.scratch[:0]
	from := s.written
	s.written = s.ready
	if s.ways.broken && from <= s.ways.brokenAt && s.ways.brokenAt < s.written {
		b = chunk(b, s.plain, s.envelope.broken()...)
	} else {
		b = s.tokensEvent(b, from, over)
	}
	if over {
		b = s.proper(b)
		s.server.log(s)
	}
	at := s.server.loop.now()
	if s.ways.cut {
		s.rest = append([]byte(nil), b[len(b)/2:]...)
		s.server.loop.add(at+int64(pauseInside), cutEvent{s})
		s.write(b[:len(b)/2])
	} else {
		s.write(b)
	}
	s.wrote(s.written-from, due, at)
	if over && !s.ended && s.rest == nil {
		s.finish("complete")
	}
}

// wrote notes the times of tokens.
func (s *stream) wrote(n int, due, at int64) {
	s.server.lateness.add(at - due)
	if s.record.First == 0 {
		s.server.lateFirst.add(at - due)
	}
	s.server.metrics.token(s.record, n, at)
	s.record.token(n, due, at, s.server.EveryToken)
}

func (s *stream) tokensEvent(b []byte, from int, over bool) []byte {
	text := appendWords(s.server.text[:0], s.words, from, s.written)
	s.server.text = text
	if s.ways.comments {
		b = chunk(b, s.plain, []byte(": simulated\n\n"))
	}
	if s.chat && from == 0 {
		b = chunk(b, s.plain, s.envelope.role()...)
	}
	return chunk(b, s.plain, s.envelope.text(text, over && !s.ways.noFinish)...)
}

// proper is what comes after the last token.
func (s *stream) proper(b []byte) []byte {
	if s.asked.Options != nil && s.asked.Options.Usage && !s.ways.noUsage {
		b = chunk(b, s.plain, s.envelope.usage(encoded(s.usage()))...)
	}
	if !s.ways.noDone {
		b = chunk(b, s.plain, done)
	}
	return lastChunk(b, s.plain)
}

func (s *stream) usage() map[string]any {
	return map[string]any{
		"prompt_tokens": s.record.Prompt, "completion_tokens": s.written, "total_tokens": s.record.Prompt + s.written,
		"prompt_tokens_details": map[string]any{"cached_tokens": s.record.Cached},
	}
}

// answer writes all of it at once.
func (s *stream) answer(due int64) {
	s.written = s.ready
	body := s.body(string(appendWords(nil, s.words, 0, s.written)))
	s.server.log(s)
	at := s.server.loop.now()
	s.record.Headers = at
	s.write(s.whole(body))
	s.wrote(s.written, due, at)
	if !s.ended {
		s.finish("complete")
	}
}

func (s *stream) whole(body []byte) []byte {
	b := s.server.head(s.server.scratch[:0], http.StatusOK, "application/json", s.record.ID, len(body), s.plain, s.last)
	return append(append(b, "\r\n"...), body...)
}

func (s *stream) body(text string) []byte {
	choice := map[string]any{"index": 0, "finish_reason": s.reason, "logprobs": nil}
	kind := "text_completion"
	if s.chat {
		kind = "chat.completion"
		choice["message"] = map[string]any{"role": "assistant", "content": text}
	} else {
		choice["text"] = text
	}
	said := map[string]any{
		"id": s.record.ID, "object": kind, "created": s.record.ArrivedWall / int64(time.Second), "model": s.record.Model,
		"choices": []any{choice}, "kv_transfer_params": s.made,
	}
	if !s.ways.noUsage {
		said["usage"] = s.usage()
	}
	return encoded(said)
}

// finish ends the answer as far as the server is concerned.
func (s *stream) finish(outcome string) {
	s.ended = true
	if s.ways.text != "" {
		outcome = fmt.Sprintf("misbehaved: %s", s.ways.text)
	}
	s.record.Outcome, s.record.Finished = outcome, s.server.loop.now()
	s.server.finished(s)
	s.conn.done(s.last)
}

// gone is for a client that did not wait.
func (s *stream) gone() {
	if s.ended {
		return
	}
	s.ended = true
	s.record.Outcome, s.record.Error, s.record.Finished = clientGone, errClosed.Error(), s.server.loop.now()
	if s.server.loop.ended {
		s.record.Outcome, s.record.Error = "server-ended", "the server was told to end"
	}
	s.server.log(s)
	s.server.finished(s)
}
