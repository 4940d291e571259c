package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// transfer stands for a key-value cache that goes from the server that prefilled to the one that decodes. Nothing but
// this note travels: the cache itself is simulated.
type transfer struct {
	From      string `json:"from"`
	Request   string `json:"request"`
	Tokens    int    `json:"tokens"`
	Simulated bool   `json:"simulated"`
}

// fetch has another server do the prefill of a request, and returns what that hands over. Where somebody else has seen to
// the prefill, its outcome has to come with the request.
func (m *modelServer) fetch(ctx context.Context, asked completion, marks http.Header) (*transfer, error) {
	if m.prefiller == "" {
		if asked.Transfer == nil || asked.Transfer.From == "" {
			return nil, errors.New("no key-value cache came with the request, and this server only decodes")
		}
		return asked.Transfer, nil
	}
	asked.MaxTokens = 1
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.prefiller+"/v1/completions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{idHeader, runHeader} {
		request.Header.Set(name, marks.Get(name))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("prefill: %w", err)
	}
	defer response.Body.Close()
	var prefilled struct {
		Transfer *transfer `json:"kv_transfer_params"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, longestBody)).Decode(&prefilled); err != nil {
		return nil, fmt.Errorf("prefill: %w", err)
	}
	if response.StatusCode != http.StatusOK || prefilled.Transfer == nil {
		return nil, fmt.Errorf("prefill: %s, and no key-value cache", response.Status)
	}
	return prefilled.Transfer, nil
}
