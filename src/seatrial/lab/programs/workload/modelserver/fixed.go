package modelserver

import "time"

// fixed gives every token the time that was stated, whatever else goes on: what clients are calibrated with.
type fixed struct {
	server    *Server
	first     time.Duration
	afterThat time.Duration
}

func (f fixed) admit(s *stream) {
	s.record.Begun = s.record.Arrived
	if !s.asked.Stream {
		s.ready = s.tokens - 1 // nobody sees the others
	}
	f.delivered(s)
}

func (f fixed) delivered(s *stream) {
	if !s.ended {
		f.server.loop.add(s.record.Arrived+int64(f.first)+int64(s.ready)*int64(f.afterThat), s)
	}
}

func (f fixed) left(*stream) {}
