package modelserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	fetchWithin   = time.Minute
	longestAnswer = 64 << 10
)

// Transfer stands for a key-value cache that goes from the server that prefilled to the one that decodes. Nothing but
// this note travels: the cache itself is simulated.
type Transfer struct {
	From      string `json:"from"`
	Request   string `json:"request"`
	Tokens    int    `json:"tokens"`
	Simulated bool   `json:"simulated"`
}

// prefilled sees to it that the prompt has been read, where another server does that, and then goes on.
func (s *Server) prefilled(stream *stream, request *incoming, goOn func(error)) {
	if s.Role == rolePrefill {
		stream.tokens, stream.reason = 1, "length"
		stream.made = &Transfer{s.Name, request.Header.Get(IDHeader), stream.record.Prompt, true}
	}
	if s.Role != roleDecode {
		goOn(nil)
		return
	}
	if s.Prefiller == "" {
		came := stream.asked.Transfer
		if came == nil || came.From == "" {
			goOn(errors.New("no key-value cache came with the request, and this server only decodes"))
			return
		}
		stream.took = came
		goOn(nil)
		return
	}
	go func() {
		took, err := fetch(s.Prefiller, request)
		s.loop.post(func() {
			stream.took, stream.start = took, s.loop.now()
			goOn(err)
		})
	}()
}

// fetch has another server do the prefill of a request, and returns what that hands over.
func fetch(from string, request *incoming) (*Transfer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchWithin)
	defer cancel()
	var asked map[string]any
	if err := json.Unmarshal(request.body, &asked); err != nil {
		return nil, err
	}
	delete(asked, "stream_options")
	asked["max_tokens"], asked["stream"] = 1, false
	to, err := http.NewRequestWithContext(ctx, http.MethodPost, from+request.URL.Path, bytes.NewReader(encoded(asked)))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{IDHeader, RunHeader, "Authorization"} {
		if value := request.Header.Get(name); value != "" {
			to.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(to)
	if err != nil {
		return nil, fmt.Errorf("prefill: %w", err)
	}
	defer response.Body.Close()
	var answered struct {
		Transfer *Transfer `json:"kv_transfer_params"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, longestAnswer)).Decode(&answered); err != nil {
		return nil, fmt.Errorf("prefill: %w", err)
	}
	if response.StatusCode != http.StatusOK || answered.Transfer == nil {
		return nil, fmt.Errorf("prefill: %s, and no key-value cache", response.Status)
	}
	return answered.Transfer, nil
}
