package modelserver

import (
	"encoding/json"
	"fmt"
)

// stream is one answer on its way, whether the client gets it token by token or at the end.
type stream struct {
	server *Server
	conn   *connection
	asked  *Asked
	chat   bool
	plain  bool // HTTP/1.0
	last   bool // the connection ends with it
	words  uint64
	begin  []byte // of every event: what is in front of the text
	tokens int    // that there are to be
	ready  int    // that were made
	record *Record
	ended  bool
}

var (
	data      = []byte("data: ")
	endEvent  = []byte("\n\n")
	goesOn    = []byte(`"},"logprobs":null,"finish_reason":null}]}`)
	isOver    = []byte(`"},"logprobs":null,"finish_reason":"length"}]}`)
	done      = []byte("data: [DONE]\n\n")
	textGoes  = []byte(`","logprobs":null,"finish_reason":null}]}`)
	textIsOut = []byte(`","logprobs":null,"finish_reason":"length"}]}`)
)

// open sends the header at once, as the real servers do: it is not the first token.
func (s *stream) open() {
	kind := "chat.completion.chunk"
	if !s.chat {
		kind = "text_completion"
	}
	s.begin = fmt.Appendf(nil, `{"id":%s,"object":"%s","created":%d,"model":%s,"choices":[{"index":0,`,
		quoted(s.record.ID), kind, s.record.ArrivedWall/1e9, quoted(s.record.Model))
	if !s.asked.Stream {
		return
	}
	head := s.server.head(s.server.scratch[:0], 200, "text/event-stream; charset=utf-8", s.record.ID, -1, &incoming{last: s.last, plain: s.plain})
	head = append(head, "Cache-Control: no-cache\r\n\r\n"...)
	s.record.Headers = s.server.loop.now()
	s.conn.write(head)
	s.server.scratch = head[:0]
}

// fire delivers the next token, in the mode in which each has its own time.
func (s *stream) fire(due, _ int64) {
	if s.ended {
		return
	}
	s.deliver(due)
	s.server.pace.delivered(s)
}

// deliver writes the next token that is made, or the whole answer with the last one.
func (s *stream) deliver(due int64) {
	s.ready++
	over := s.ready >= s.tokens
	if !s.asked.Stream {
		if over {
			s.answer(due)
		}
		return
	}
	b := s.event(s.server.scratch[:0], s.ready-1, s.ready, over)
	if over {
		b = s.ending(b)
	}
	at := s.server.loop.now()
	s.conn.write(b)
	s.server.scratch = b[:0]
	s.wrote(1, due, at)
	if over && !s.ended {
		s.finish("complete")
	}
}

func (s *stream) wrote(n int, due, at int64) {
	s.server.lateness.add(at - due)
	if s.record.First == 0 {
		s.server.lateFirst.add(at - due)
	}
	s.record.token(n, due, at, s.server.EveryToken)
}

func (s *stream) event(b []byte, from, to int, over bool) []byte {
	text := appendWords(s.server.text[:0], s.words, from, to)
	s.server.text = text
	opening, closing := []byte(`"text":"`), textGoes
	if over {
		closing = textIsOut
	}
	if s.chat {
		opening, closing = []byte(`"delta":{"content":"`), goesOn
		if from == 0 {
			opening = []byte(`"delta":{"role":"assistant","content":"`)
		}
		if over {
			closing = isOver
		}
	}
	return chunk(b, s.plain, data, s.begin, opening, text, closing, endEvent)
}

// ending is what comes after the last token.
func (s *stream) ending(b []byte) []byte {
	if s.asked.Options != nil && s.asked.Options.Usage {
		usage, _ := json.Marshal(s.usage())
		cut := len(s.begin) - len(`{"index":0,`)
		b = chunk(b, s.plain, data, s.begin[:cut], []byte(`],"usage":`), usage, []byte("}"), endEvent)
	}
	b = chunk(b, s.plain, done)
	return lastChunk(b, s.plain)
}

func (s *stream) usage() map[string]any {
	return map[string]any{
		"prompt_tokens": s.record.Prompt, "completion_tokens": s.tokens, "total_tokens": s.record.Prompt + s.tokens,
		"prompt_tokens_details": map[string]any{"cached_tokens": s.record.Cached},
	}
}

// answer writes all of it at once.
func (s *stream) answer(due int64) {
	text := string(appendWords(nil, s.words, 0, s.tokens))
	choice := map[string]any{"index": 0, "finish_reason": "length", "logprobs": nil}
	kind := "text_completion"
	if s.chat {
		kind = "chat.completion"
		choice["message"] = map[string]any{"role": "assistant", "content": text}
	} else {
		choice["text"] = text
	}
	body, _ := json.Marshal(map[string]any{
		"id": s.record.ID, "object": kind, "created": s.record.ArrivedWall / 1e9, "model": s.record.Model,
		"choices": []any{choice}, "usage": s.usage(),
	})
	request := &incoming{last: s.last, plain: s.plain}
	b := s.server.head(s.server.scratch[:0], 200, "application/json", s.record.ID, len(body), request)
	b = append(append(b, "\r\n"...), body...)
	at := s.server.loop.now()
	s.record.Headers = at
	s.conn.write(b)
	s.server.scratch = b[:0]
	s.wrote(s.tokens, due, at)
	if !s.ended {
		s.finish("complete")
	}
}

// finish ends the answer as far as the server is concerned.
func (s *stream) finish(outcome string) {
	s.ended = true
	s.record.Outcome, s.record.Finished = outcome, s.server.loop.now()
	s.server.finished(s)
	s.conn.done(s.last || s.plain)
}

// gone is for a client that did not wait.
func (s *stream) gone() {
	if s.ended {
		return
	}
	s.ended = true
	s.record.Outcome, s.record.Error, s.record.Finished = "client-gone", errClosed.Error(), s.server.loop.now()
	s.server.finished(s)
}
