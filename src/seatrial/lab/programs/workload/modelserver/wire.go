package modelserver

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

const (
	letters = 26
	golden  = 0x9e3779b97f4a7c15
)

// word is the text of one token: as long as every other, and the same for the same prompt, seed and place.
func word(seed uint64, place int) [charactersPerToken]byte {
	number := mixed(seed + uint64(place+1)*golden)
	text := [charactersPerToken]byte{' '}
	for i := 1; i < charactersPerToken; i++ {
		text[i] = 'a' + byte(number%letters)
		number /= letters
	}
	return text
}

// mixed is the finisher of splitmix64: neighbours come out far apart.
func mixed(number uint64) uint64 {
	number = (number ^ number>>30) * 0xbf58476d1ce4e5b9
	number = (number ^ number>>27) * 0x94d049bb133111eb
	return number ^ number>>31
}

func appendWords(b []byte, seed uint64, from, to int) []byte {
	for place := from; place < to; place++ {
		text := word(seed, place)
		b = append(b, text[:]...)
	}
	return b
}

// head is the beginning of an answer. A length below 0 stands for one that is not known.
func (s *Server) head(b []byte, status int, kind, id string, length int, plain, last bool) []byte {
	b = fmt.Appendf(b, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s: %s\r\n", status, http.StatusText(status), kind, answeredBy, s.Name)
	if id != "" {
		b = fmt.Appendf(b, "%s: %s\r\n", IDHeader, id)
	}
	switch {
	case length >= 0:
		b = fmt.Appendf(b, "Content-Length: %d\r\n", length)
	case !plain:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	if last {
		b = append(b, "Connection: close\r\n"...)
	}
	return b
}

// chunk frames what it is given as one chunk of HTTP/1.1, or not at all for HTTP/1.0.
func chunk(b []byte, plain bool, parts ...[]byte) []byte {
	if plain {
		for _, part := range parts {
			b = append(b, part...)
		}
		return b
	}
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	b = strconv.AppendInt(b, int64(length), 16)
	b = append(b, "\r\n"...)
	for _, part := range parts {
		b = append(b, part...)
	}
	return append(b, "\r\n"...)
}

func lastChunk(b []byte, plain bool) []byte {
	if plain {
		return b
	}
	return append(b, "0\r\n\r\n"...)
}

// trouble is an error as OpenAI's API tells it.
func trouble(err error) (int, []byte) {
	status, code := http.StatusBadGateway, any(nil)
	var known wrong
	if errors.As(err, &known) {
		status = known.status
		if known.code != "" {
			code = known.code
		}
	}
	kind := "invalid_request_error"
	switch {
	case status == http.StatusTooManyRequests:
		kind = "rate_limit_error"
	case status >= http.StatusInternalServerError:
		kind = "server_error"
	case status == http.StatusUnauthorized:
		kind = "authentication_error"
	}
	told := map[string]any{"message": err.Error(), "type": kind, "param": nil, "code": code}
	return status, encoded(map[string]any{"error": told})
}
