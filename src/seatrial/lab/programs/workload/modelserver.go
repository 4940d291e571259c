package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"
)

// The times are those of no real model. What counts is that work costs time, and that a cached prefix saves it.
const (
	charactersPerToken = 4
	blockTokens        = 16
	perPrefillToken    = 50 * time.Microsecond
	perDecodedToken    = 2 * time.Millisecond
	longestPrompt      = 4 << 20
	runHeader          = "X-Run" // what a proof marks its requests with
	idHeader           = "X-Request-Id"
	pickedHeader       = "X-Gateway-Destination-Endpoint" // in which an endpoint picker names a server
)

// modelServer simulates a server of language models: a prefix cache, a queue, and time that passes. It knows no model.
type modelServer struct {
	name, role, prefiller string
	seed                  uint64
	slots                 chan struct{}
	lock                  sync.Mutex
	cache                 *prefixCache
	waiting, running      int
	served                int
}

// completion is a request in the shape of OpenAI's API, as far as it matters here.
type completion struct {
	Model     string          `json:"model"`
	Prompt    string          `json:"prompt"`
	Messages  json.RawMessage `json:"messages,omitempty"` // of a chat, taken as they are
	MaxTokens int             `json:"max_tokens"`
	Stream    bool            `json:"stream"`
	Transfer  *transfer       `json:"kv_transfer_params,omitempty"`
}

func (c completion) text() string { return c.Prompt + string(c.Messages) }

// simulateModel serves completions and metrics with the names that vLLM gives them.
func simulateModel(args []string) int {
	flags := flag.NewFlagSet("model-server", flag.ContinueOnError)
	port := flags.Int("port", 8000, "where to listen")
	host, _ := os.Hostname()
	name := flags.String("name", host, "who this is")
	role := flags.String("role", "both", "both, prefill or decode")
	prefiller := flags.String("prefiller", "", "the URL of the server that prefills for one that decodes; without it the cache comes with each request")
	parallel := flags.Int("parallel", 4, "how many requests run at once; the others wait")
	blocks := flags.Int("blocks", 4096, "how many blocks of the key-value cache there are")
	seed := flags.Uint64("seed", 1, "of the words that it answers")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *parallel < 1 || *blocks < 1 || (*prefiller != "" && *role != "decode") {
		return misused(errors.New("model-server needs slots and blocks, and a --prefiller with --role decode alone"))
	}
	server := newModelServer(*name, *role, *prefiller, *parallel, *blocks, *seed)
	ctx, cancel := signal.NotifyContext(context.Background(), endings...)
	defer cancel()
	report(map[string]any{"event": "serving", "simulated": true, "port": *port, "name": *name, "role": *role})
	return listen(ctx, *port, signed(*name, server.pages()))
}

func newModelServer(name, role, prefiller string, parallel, blocks int, seed uint64) *modelServer {
	return &modelServer{
		name: name, role: role, prefiller: prefiller, seed: seed,
		slots: make(chan struct{}, parallel), cache: newPrefixCache(blocks),
	}
}

func (m *modelServer) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {})
	mux.HandleFunc("GET /metrics", m.metrics)
	mux.HandleFunc("GET /full", m.full)
	mux.HandleFunc("POST /v1/completions", m.complete)
	mux.HandleFunc("POST /v1/chat/completions", m.complete)
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"object": "list", "data": []any{map[string]any{"id": "simulated", "object": "model"}}})
	})
	return mux
}

// full says 200 when a request waits.
func (m *modelServer) full(w http.ResponseWriter, _ *http.Request) {
	if !m.isFull() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (m *modelServer) isFull() bool {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.waiting > 0
}

func (m *modelServer) complete(w http.ResponseWriter, r *http.Request) {
	var asked completion
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestPrompt)).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if asked.Stream {
		refuse(w, http.StatusBadRequest, errors.New("streams are not simulated"))
		return
	}
	begun := time.Now()
	if !m.enter(r.Context()) {
		m.record(r.Header, effort{}, time.Since(begun), errors.New("nobody waited for the answer any more"))
		return
	}
	defer m.leave()
	waited := time.Since(begun)
	done, err := m.work(r.Context(), asked, r.Header)
	m.record(r.Header, done, waited, err)
	if err != nil {
		refuse(w, http.StatusBadGateway, err)
		return
	}
	answer(w, m.said(asked, done))
}

// effort is what became of one request here.
type effort struct {
	Prompt, Cached, Decoded int
	Made, Took              *transfer // of the key-value cache, between prefill and decode
}

// work spends the time that a request costs: less for what the prefix cache holds, and in two places where phases are apart.
func (m *modelServer) work(ctx context.Context, asked completion, marks http.Header) (effort, error) {
	done := effort{Prompt: tokens(asked.text()), Decoded: max(asked.MaxTokens, 1)}
	switch m.role {
	case "decode":
		took, err := m.fetch(ctx, asked, marks)
		if err != nil {
			return done, err
		}
		done.Took, done.Cached = took, done.Prompt
		m.remember(asked)
	default:
		done.Cached = m.remember(asked)
	}
	if m.role == "prefill" {
		done.Decoded = 0
		done.Made = &transfer{From: m.name, Request: marks.Get(idHeader), Tokens: done.Prompt, Simulated: true}
	}
	spent := time.Duration(done.Prompt-done.Cached)*perPrefillToken + time.Duration(done.Decoded)*perDecodedToken
	return done, pass(ctx, spent)
}

func (m *modelServer) remember(asked completion) (cached int) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.cache.take(blocksOf(asked.text())) * blockTokens
}

// enter waits for a slot; whoever asked may give up before.
func (m *modelServer) enter(ctx context.Context) bool {
	m.count(1, 0)
	select {
	case m.slots <- struct{}{}:
		m.count(-1, 1)
		return true
	case <-ctx.Done():
		m.count(-1, 0)
		return false
	}
}

func (m *modelServer) leave() {
	<-m.slots
	m.count(0, -1)
}

func (m *modelServer) count(waiting, running int) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.waiting += waiting
	m.running += running
}

// record writes one line for each request: a proof reads from it who did what.
func (m *modelServer) record(marks http.Header, done effort, waited time.Duration, err error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.served++
	report(map[string]any{
		"event": "request", "simulated": true, "name": m.name, "role": m.role, "run": marks.Get(runHeader),
		"id": marks.Get(idHeader), "picked": marks.Get(pickedHeader), "prompt_tokens": done.Prompt, "cached_tokens": done.Cached,
		"waited": waited.Seconds(), "kv_made": done.Made, "kv_took": done.Took, "error": textOf(err),
	})
}

func (m *modelServer) said(asked completion, done effort) map[string]any {
	words := fnv.New64a()
	fmt.Fprint(words, m.seed, asked.text())
	return map[string]any{
		"id": fmt.Sprintf("cmpl-%x", words.Sum64()), "object": "text_completion", "created": time.Now().Unix(),
		"model": cmp.Or(asked.Model, "simulated"), "kv_transfer_params": done.Made,
		"choices": []any{map[string]any{
			"index": 0, "finish_reason": "length", "text": fmt.Sprintf("simulated %x", words.Sum64()),
			"message": map[string]any{"role": "assistant", "content": fmt.Sprintf("simulated %x", words.Sum64())},
		}},
		"usage": map[string]any{
			"prompt_tokens": done.Prompt, "completion_tokens": done.Decoded, "total_tokens": done.Prompt + done.Decoded,
			"prompt_tokens_details": map[string]any{"cached_tokens": done.Cached},
		},
	}
}

func (m *modelServer) metrics(w http.ResponseWriter, _ *http.Request) {
	m.lock.Lock()
	defer m.lock.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, row := range []struct {
		name, kind string
		value      float64
	}{
		{"num_requests_running", "gauge", float64(m.running)},
		{"num_requests_waiting", "gauge", float64(m.waiting)},
		{"kv_cache_usage_perc", "gauge", m.cache.usage()},
		{"prefix_cache_queries_total", "counter", float64(m.cache.queries * blockTokens)},
		{"prefix_cache_hits_total", "counter", float64(m.cache.hits * blockTokens)},
		{"request_success_total", "counter", float64(m.served)},
	} {
		fmt.Fprintf(w, "# TYPE vllm:%s %s\nvllm:%s{model_name=\"simulated\"} %g\n", row.name, row.kind, row.name, row.value)
	}
	fmt.Fprintf(w, "# TYPE vllm:cache_config_info gauge\nvllm:cache_config_info{block_size=\"%d\",num_gpu_blocks=\"%d\"} 1\n",
		blockTokens, m.cache.room)
}

func tokens(text string) int { return (len(text) + charactersPerToken - 1) / charactersPerToken }

// pass lets time go by, unless whoever asked has gone.
func pass(ctx context.Context, spent time.Duration) error {
	select {
	case <-time.After(spent):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what) // whoever went away meanwhile misses nothing
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": err.Error()}})
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
