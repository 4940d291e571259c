// Beside the programme's validator: every call is answered here, so that no link is called and both sides know the same members.

//go:build validate

package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
)

type answers struct{ landscape []byte }

func init() {
	landscape, err := os.ReadFile(os.Getenv("LANDSCAPE"))
	if err != nil {
		panic(err)
	}
	http.DefaultTransport = answers{landscape}
}

func (a answers) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.URL.String() == landscapeURL {
		body = a.landscape
	}
	return &http.Response{
		Status:     "200 OK",
		StatusCode: http.StatusOK,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     http.Header{},
		Body:       io.NopCloser(bytes.NewReader(body)),
		Request:    request,
	}, nil
}
