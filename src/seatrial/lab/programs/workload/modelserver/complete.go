package modelserver

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const longestID = 128

// serve answers a request, or begins to.
func (s *Server) serve(c *connection, request *incoming) {
	path := request.URL.Path
	if strings.HasPrefix(path, "/v1/") {
		if err := s.keys.refuse(request); err != nil {
			s.refuse(c, request, err)
			return
		}
	}
	if chat := path == "/v1/chat/completions"; request.Method == http.MethodPost && (chat || path == "/v1/completions") {
		if err := s.complete(c, request, chat); err != nil {
			s.refuse(c, request, err)
		}
		return
	}
	s.page(c, request)
}

func (s *Server) complete(c *connection, request *incoming, chat bool) error {
	asked, err := understood(request.body, chat)
	if err != nil {
		return err
	}
	going, err := s.ways(request, asked)
	if err != nil {
		return err
	}
	if going.status != 0 {
		return wrongWay{wrong{going.status, "", "refused, since that was asked for"}, going.after}
	}
	text := asked.text()
	words := fnv.New64a()
	_, _ = io.WriteString(words, text)
	stream := &stream{
		server: s, conn: c, asked: asked, chat: chat, plain: request.plain, last: request.last || request.plain,
		words: words.Sum64() ^ mixed(s.Seed), record: s.record(c, request),
	}
	stream.tokens, stream.reason = s.length(asked, stream.words)
	stream.ways = going.of(stream.tokens)
	record := stream.record
	stream.start = record.Arrived
	record.Endpoint, record.Status = strings.TrimPrefix(request.URL.Path, "/v1/"), http.StatusOK
	record.Model, record.Stream = cmp.Or(asked.Model, s.Model), asked.Stream
	record.Prompt, record.PromptHash = tokensIn(text), fmt.Sprintf("%016x", words.Sum64())
	if record.Adapter, err = s.adapter(asked.Model); err != nil {
		return err
	}
	if whole := record.Prompt + stream.tokens; whole > s.longest() {
		return wrong{http.StatusBadRequest, "context_length_exceeded", fmt.Sprintf(
			"prompt and answer have %d tokens, and %d is the most", whole, s.longest())}
	}
	c.current = stream
	s.prefilled(stream, request, func(err error) { s.goOn(stream, request, err) })
	return nil
}

func (s *Server) goOn(stream *stream, request *incoming, err error) {
	if stream.ended {
		return
	}
	if err == nil {
		stream.open()
		return
	}
	stream.ended = true
	stream.conn.current = nil
	stream.record.Error = err.Error()
	s.log(stream)
	s.refuse(stream.conn, request, err)
	stream.conn.next()
}

// length is how many tokens an answer has, and why no more: some end by themselves before they are as long as they may be.
func (s *Server) length(asked *Asked, words uint64) (tokens int, reason string) {
	most := max(asked.tokens(s.Tokens), 1)
	if asked.IgnoreEnd {
		return most, "length"
	}
	less := int(s.Vary * float64(most) * (even(words, 0) + 1) / 2)
	if less == 0 {
		return most, "length"
	}
	return most - less, "stop"
}

// ways is how this answer is to go wrong: what the request says itself, else its model's name, else what falls to it of all.
func (s *Server) ways(request *incoming, asked *Asked) (ways, error) {
	model, inName, _ := strings.Cut(asked.Model, waysMark)
	asked.Model = model
	if text := cmp.Or(request.Header.Get(waysHeader), inName); text != "" {
		return parseWays(text)
	}
	if s.Misbehave != "" && (even(s.Seed, s.served)+1)/2 < s.Share {
		return parseWays(s.Misbehave)
	}
	return ways{}, nil
}

// adapter is the one that a model's name stands for. Any other name is the model itself, unless the server is strict.
func (s *Server) adapter(model string) (string, error) {
	switch {
	case s.engine.adapters.serves(model):
		return model, nil
	case s.Strict && model != s.Model && model != "":
		return "", wrong{http.StatusNotFound, "model_not_found", fmt.Sprintf("the model %q does not exist", model)}
	}
	return "", nil
}

// longest is how many tokens a prompt and its answer may have together.
func (s *Server) longest() int { return min(s.Longest, s.engine.blocks.room*blockTokens) }

// record begins to write down what becomes of a request.
func (s *Server) record(c *connection, request *incoming) *Record {
	s.served++
	asked := request.Header.Get(IDHeader)
	id := asked
	if !harmless(id) {
		id = fmt.Sprintf("%s-%d", s.Name, s.served)
	}
	return &Record{
		ID: id, Asked: asked, Run: request.Header.Get(RunHeader), Peer: c.peer, Picked: request.Header.Get(pickedHeader),
		ArrivedWall: request.arrived.wall, Arrived: request.arrived.kernel, Read: request.arrived.read,
	}
}

// harmless says whether a text may stand in a header.
func harmless(text string) bool {
	return text != "" && len(text) <= longestID && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// log prints one line for each answer: a proof reads from it who did what. It comes before the answer's end, so that whoever
// has that finds the line as well.
func (s *Server) log(stream *stream) {
	if s.Quiet {
		return
	}
	record := stream.record
	stream.start = record.Arrived
	line := map[string]any{
		"event": "request", "simulated": true, "name": s.Name, "role": s.Role, "run": record.Run, "id": record.Asked,
		"picked": record.Picked, "prompt_tokens": record.Prompt, "cached_tokens": record.Cached,
		"waited": time.Duration(cmp.Or(record.Begun, s.loop.now()) - record.Arrived).Seconds(), "kv_made": stream.made, "kv_took": stream.took,
		"error": record.Error,
	}
	if err := s.lines.Encode(line); err != nil {
		s.failed(err)
	}
}

// wrongWay is a refusal that was asked for.
type wrongWay struct {
	wrong
	after time.Duration
}

func (w wrongWay) Unwrap() error { return w.wrong }

// after tells a client that was refused when it may come back.
func after(err error) string {
	if way, ok := err.(wrongWay); ok && way.after > 0 {
		return fmt.Sprintf("Retry-After: %d\r\n", (way.after+time.Second-1)/time.Second)
	}
	return ""
}

func (s *Server) models() []any {
	listed := []any{s.listed(s.Model, nil)}
	for _, adapter := range slices.Sorted(slices.Values(s.engine.adapters.served)) {
		listed = append(listed, s.listed(adapter, s.Model))
	}
	return listed
}

func (s *Server) listed(name string, parent any) map[string]any {
	return map[string]any{
		"id": name, "object": "model", "created": s.loop.anchor.Unix(), "owned_by": "simulated", "root": name, "parent": parent,
		"max_model_len": s.longest(),
	}
}
