package modelserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

const exposedAs = "text/plain; version=0.0.4"

// page answers what is no completion.
func (s *Server) page(c *connection, request *incoming) {
	switch request.Method + " " + request.URL.Path {
	case "GET /health", "HEAD /health", "GET /ping":
		s.send(c, request, http.StatusOK, "text/plain", "", nil)
	case "GET /full":
		s.full(c, request)
	case "GET /metrics":
		s.send(c, request, http.StatusOK, exposedAs, "", s.exposed())
	case "GET /v1/models":
		s.json(c, request, map[string]any{"object": "list", "data": s.models()})
	case "POST /v1/load_lora_adapter", "POST /v1/unload_lora_adapter":
		s.change(c, request)
	case "GET /lateness":
		s.json(c, request, map[string]any{"simulated": true, "tokens": s.lateness.summary(), "first_tokens": s.lateFirst.summary()})
	case "DELETE /lateness":
		s.lateness, s.lateFirst = fine{}, fine{}
		s.json(c, request, map[string]any{})
	case "GET /truth":
		s.tell(c, request)
	default:
		s.refuse(c, request, wrong{http.StatusNotFound, "", fmt.Sprintf("there is no %s %s", request.Method, request.URL.Path)})
	}
}

// full says 200 when all places are taken and a request waits.
func (s *Server) full(c *connection, request *incoming) {
	status := http.StatusServiceUnavailable
	if waiting, running := s.pace.queue(); waiting > 0 && running >= s.Slots {
		status = http.StatusOK
	}
	s.send(c, request, status, "text/plain", "", nil)
}

// change has an adapter served, or no longer.
func (s *Server) change(c *connection, request *incoming) {
	var asked struct {
		Name string `json:"lora_name"`
	}
	if err := json.Unmarshal(request.body, &asked); err != nil || asked.Name == "" {
		s.refuse(c, request, wrong{http.StatusBadRequest, "", "name the adapter as lora_name"})
		return
	}
	change, what := s.engine.adapters.add, "is served already"
	if request.URL.Path == "/v1/unload_lora_adapter" {
		change, what = s.engine.adapters.remove, "is not served"
	}
	if !change(asked.Name) {
		s.refuse(c, request, wrong{http.StatusBadRequest, "", fmt.Sprintf("the adapter %q %s", asked.Name, what)})
		return
	}
	s.json(c, request, map[string]any{"adapters": s.engine.adapters.served})
}

func (s *Server) json(c *connection, request *incoming, what any) {
	s.send(c, request, http.StatusOK, "application/json", "", append(encoded(what), '\n'))
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
	said := map[string]any{
		"event": "truth", "simulated": true, "name": s.Name, "mode": s.Mode, "clock": "CLOCK_MONOTONIC, ns",
		"now_ns": monotonic, "now_wall_ns": wall, "seed": s.Seed, "connections": len(s.connections),
	}
	if s.Mode == fixedMode {
		said["ttft_ns"], said["gap_ns"] = s.First.Nanoseconds(), s.Gap.Nanoseconds()
	} else {
		said["step_ns"], said["per_sequence_ns"] = s.Costs.Step.Nanoseconds(), s.Costs.PerSequence.Nanoseconds()
		said["per_prompt_token_ns"], said["per_context_token_ns"] = s.Costs.PerPrompt.Nanoseconds(), s.Costs.PerContext.Nanoseconds()
		said["adapter_load_ns"], said["jitter"] = s.Costs.AdapterLoad.Nanoseconds(), s.Costs.Jitter
		said["slots"], said["budget"], said["blocks"] = s.Slots, s.Budget, s.Blocks
	}
	return said
}
