package modelserver

// modelled has the engine decide when a stream has its tokens.
type modelled struct {
	server  *Server
	engine  *engine
	lastEnd int64
	busy    bool
}

func (m *modelled) admit(s *stream) {
	prompt := []byte(s.asked.text())
	s.sequence = &sequence{
		adapter: s.record.Adapter, text: prompt, prompt: max(tokensIn(string(prompt)), 1), want: s.tokens,
		elsewhere: s.took != nil, words: s.words, out: s, chain: chain{sum: s.salt()}, since: s.start,
	}
	m.engine.waiting = append(m.engine.waiting, s.sequence)
	if !m.busy {
		m.begin(max(s.start, m.lastEnd))
	}
}

func (m *modelled) begin(at int64) {
	takes, some := m.engine.begin(at)
	if !some && len(m.engine.waiting) > 0 { // they came after this, though we know of them already
		at = max(at, m.engine.waiting[0].since)
		takes, some = m.engine.begin(at)
	}
	m.busy = some
	if !some {
		return
	}
	for _, one := range m.engine.running {
		if one.out.record.Begun == 0 {
			one.out.record.Begun, one.out.record.Cached = at, one.cached
		}
	}
	m.server.metrics.step(m.engine)
	m.server.loop.add(at+int64(takes), m)
}

// fire ends a step. All its tokens are due at once, and are written one after the other.
func (m *modelled) fire(due, _ int64) {
	m.lastEnd = due
	for _, one := range m.engine.end() {
		one.out.record.Preemptions = one.preemptions
		if wait := one.out.ways.delay(one.made - 1); wait > 0 {
			m.server.loop.add(due+int64(wait), one.out)
			continue
		}
		one.out.deliver(due)
	}
	m.begin(due)
}

// next is nothing: a token that is late because of a stall was made long ago.
func (m *modelled) next(*stream) (int64, bool) { return 0, false }

func (m *modelled) left(s *stream) {
	if s.sequence != nil {
		s.sequence.gone = true
	}
}

func (m *modelled) queue() (waiting, running int) {
	return len(m.engine.waiting), len(m.engine.running)
}
