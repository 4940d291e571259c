package modelserver

import (
	"net/http"
	"syscall"
	"time"
)

const (
	pauseInside = 500 * time.Microsecond // of an event that comes in two pieces
	headPieces  = 8
)

// endEarly is where an answer goes wrong for good.
func (s *stream) endEarly() {
	s.finishCut()
	s.conn.release()
	s.server.log(s)
	switch s.ways.ends {
	case withError:
		s.tellError()
	case withoutWord:
		s.leaveOut()
	default:
		s.breakOff()
	}
}

func (s *stream) tellError() {
	_, told := trouble(wrong{http.StatusInternalServerError, "", "the simulated engine is dead"})
	if s.asked.Stream {
		b := chunk(s.server.scratch[:0], s.plain, data, told, endEvent)
		if !s.ways.noDone {
			b = chunk(b, s.plain, done)
		}
		s.write(lastChunk(b, s.plain))
	} else {
		s.write(s.whole(told))
	}
	s.finish("")
}

func (s *stream) leaveOut() {
	if s.asked.Stream {
		s.write(s.proper(s.server.scratch[:0]))
	} else {
		s.write(s.whole(s.body("")))
	}
	s.finish("")
}

// breakOff stops in the middle, and the connection with it.
func (s *stream) breakOff() {
	if !s.asked.Stream {
		s.written = s.ready
		whole := s.whole(s.body(string(appendWords(nil, s.words, 0, s.tokens))))
		s.write(whole[:len(whole)-len(whole)/4])
	}
	switch s.ways.ends {
	case truncated:
		s.last = true
		s.finish("")
	case reset:
		_ = syscall.SetsockoptLinger(s.conn.fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
		s.note()
		s.conn.close()
	case halfClosed:
		_ = syscall.Shutdown(s.conn.fd, syscall.SHUT_WR)
		s.note()
	case silent:
		s.note()
	}
}

// note ends the answer, but leaves the connection as it is: whatever comes on it waits in vain.
func (s *stream) note() {
	s.ended = true
	s.record.Outcome, s.record.Finished = "misbehaved: "+s.ways.text, s.server.loop.now()
	s.server.finished(s)
}

// cutEvent writes the second piece of an event.
type cutEvent struct{ *stream }

func (c cutEvent) fire(int64, int64) {
	c.finishCut()
	if c.ready == c.tokens && !c.ended {
		c.finish("complete")
	}
}

func (s *stream) finishCut() {
	if s.rest != nil && !s.ended {
		s.conn.write(s.rest)
	}
	s.rest = nil
}

// emptyFirst is an event without text, ahead of all others.
type emptyFirst struct{ *stream }

func (e emptyFirst) fire(int64, int64) {
	if !e.ended && e.written == 0 {
		e.write(chunk(e.server.scratch[:0], e.plain, e.envelope.role()...))
	}
}

// slowHead is a header that comes in pieces. Only after that does the request begin.
type slowHead struct {
	*stream
	left []byte
	step int64
}

func dribble(s *stream, head []byte) {
	slow := &slowHead{s, append([]byte(nil), head...), int64(s.ways.slowHead) / headPieces}
	s.server.scratch = head[:0]
	s.server.loop.add(s.start+slow.step, slow)
}

func (h *slowHead) fire(due, _ int64) {
	if h.ended {
		return
	}
	piece := (len(h.left) + headPieces - 1) / headPieces
	if h.record.Headers == 0 {
		h.record.Headers = h.server.loop.now()
	}
	if due >= h.start+int64(h.ways.slowHead)-h.step/2 {
		h.conn.write(h.left)
		h.start = due
		h.begin()
		return
	}
	h.conn.write(h.left[:piece])
	h.left = h.left[piece:]
	h.server.loop.add(due+h.step, h)
}
