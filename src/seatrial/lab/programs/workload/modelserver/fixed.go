package modelserver

import "time"

// fixed gives every token the time that was stated, whatever else goes on: what clients are calibrated with.
type fixed struct {
	server     *Server
	first, gap time.Duration
	streams    int
}

func (f *fixed) admit(s *stream) {
	f.streams++
	s.record.Begun = s.start
	if !s.asked.Stream && s.ways.ends == properly {
		s.ready = s.tokens - 1 // nobody sees the others
	}
	due, _ := f.next(s)
	f.server.loop.add(due, s)
}

func (f *fixed) next(s *stream) (due int64, more bool) {
	return s.start + int64(f.first+time.Duration(s.ready)*f.gap+s.ways.delay(s.ready)), s.ready < s.tokens
}

func (f *fixed) left(*stream) { f.streams-- }

func (f *fixed) queue() (waiting, running int) { return 0, f.streams }
