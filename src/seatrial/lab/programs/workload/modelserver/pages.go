package modelserver

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// page answers what is no completion.
func (s *Server) page(c *connection, request *incoming) {
	switch request.Method + " " + request.URL.Path {
	case "GET /health", "HEAD /health":
		s.send(c, request, http.StatusOK, "text/plain", "", nil)
	case "GET /v1/models":
		s.json(c, request, map[string]any{"object": "list", "data": []any{map[string]any{
			"id": s.Model, "object": "model", "created": s.loop.anchor.Unix(), "owned_by": "simulated", "root": s.Model, "parent": nil,
		}}})
	case "GET /lateness":
		s.json(c, request, map[string]any{"simulated": true, "tokens": s.lateness.summary(), "first_tokens": s.lateFirst.summary()})
	case "GET /truth":
		s.tell(c, request)
	default:
		s.refuse(c, request, wrong{http.StatusNotFound, "", "there is no " + request.Method + " " + request.URL.Path})
	}
}

func (s *Server) json(c *connection, request *incoming, what any) {
	body, err := json.Marshal(what)
	if err != nil {
		s.refuse(c, request, err)
		return
	}
	s.send(c, request, http.StatusOK, "application/json", "", append(body, '\n'))
}

// tell gives the truth. It may be long: another goroutine puts it into words.
func (s *Server) tell(c *connection, request *incoming) {
	query := request.URL.Query()
	about := s.about()
	waiting := &stream{server: s, conn: c, ended: true}
	c.current = waiting // holds back what comes behind
	go func() {
		var body bytes.Buffer
		err := s.truth.write(&body, about, query.Get("since"), query.Get("limit"))
		s.loop.post(func() {
			if c.current != waiting {
				return // the client has gone
			}
			c.current = nil
			if err != nil {
				s.refuse(c, request, err)
			} else {
				s.send(c, request, http.StatusOK, "application/jsonl", "", body.Bytes())
			}
			c.next()
		})
	}()
}

// about is the first line of every truth.
func (s *Server) about() map[string]any {
	monotonic, wall := s.loop.both()
	return map[string]any{
		"event": "truth", "simulated": true, "name": s.Name, "mode": "fixed", "clock": "CLOCK_MONOTONIC, ns",
		"now_ns": monotonic, "now_wall_ns": wall, "ttft_ns": s.First.Nanoseconds(), "gap_ns": s.Gap.Nanoseconds(),
		"seed": s.Seed, "open": len(s.connections),
	}
}
