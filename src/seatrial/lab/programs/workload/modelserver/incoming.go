package modelserver

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

const (
	longestHead    = 64 << 10
	longestBody    = 4 << 20
	longestRequest = longestHead + 2*longestBody // in chunks of one byte a body takes more than it is
)

var endOfHead = []byte("\r\n\r\n")

// incoming is a request that has come as a whole.
type incoming struct {
	*http.Request
	body    []byte
	arrived moment
	last    bool // whether the connection ends with it
	plain   bool // HTTP/1.0: it knows no chunks
}

// wrong is a request that nobody can answer as asked.
type wrong struct {
	status     int
	code, what string
}

func (w wrong) Error() string { return w.what }

// whole takes the next request out of the buffer; nil when not all of it is there.
func (c *connection) whole() (*incoming, error) {
	if c.halfway == nil {
		request, err := c.head()
		if request == nil || err != nil {
			return nil, err
		}
		c.halfway = request
	}
	request := c.halfway
	if request.ContentLength >= 0 {
		length := int(request.ContentLength)
		if len(c.in) < length {
			return nil, nil
		}
		request.body = bytes.Clone(c.in[:length])
		c.in = c.in[length:]
	} else {
		body, taken, err := unchunked(c.in)
		if err != nil || taken == 0 {
			return nil, err
		}
		request.body = body
		c.in = c.in[taken:]
	}
	if len(c.in) == 0 {
		c.in = nil // so that an idle connection holds no memory
	}
	request.arrived = c.arrived
	c.halfway = nil
	return request, nil
}

func (c *connection) head() (*incoming, error) {
	length := bytes.Index(c.in, endOfHead)
	if length < 0 {
		if len(c.in) > longestHead {
			return nil, wrong{http.StatusRequestHeaderFieldsTooLarge, "", "the header is too long"}
		}
		return nil, nil
	}
	length += len(endOfHead)
	parsed, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(c.in[:length]), length))
	if err != nil {
		return nil, wrong{http.StatusBadRequest, "", "this is no HTTP request: " + err.Error()}
	}
	if parsed.ProtoMajor != 1 {
		return nil, wrong{http.StatusHTTPVersionNotSupported, "", parsed.Proto + " is not spoken here"}
	}
	if parsed.ContentLength > longestBody {
		return nil, wrong{http.StatusRequestEntityTooLarge, "", "the request is too long"}
	}
	c.in = c.in[length:]
	if strings.EqualFold(parsed.Header.Get("Expect"), "100-continue") && parsed.ContentLength != 0 {
		c.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	old := !parsed.ProtoAtLeast(1, 1)
	return &incoming{Request: parsed, last: parsed.Close, plain: old}, nil
}

// unchunked puts the chunks of a body together. It takes nothing until the last one is there.
func unchunked(in []byte) (body []byte, taken int, err error) {
	broken := wrong{http.StatusBadRequest, "", "the chunks of the body are broken"}
	for {
		end := bytes.Index(in[taken:], []byte("\r\n"))
		if end < 0 {
			return nil, 0, nil
		}
		digits, _, _ := strings.Cut(string(in[taken:taken+end]), ";")
		size, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 31)
		if err != nil {
			return nil, 0, broken
		}
		taken += end + 2
		if size == 0 {
			return afterTrailer(in, body, taken)
		}
		if len(body)+int(size) > longestBody {
			return nil, 0, wrong{http.StatusRequestEntityTooLarge, "", "the request is too long"}
		}
		if len(in) < taken+int(size)+2 {
			return nil, 0, nil
		}
		body = append(body, in[taken:taken+int(size)]...)
		taken += int(size)
		if in[taken] != '\r' || in[taken+1] != '\n' {
			return nil, 0, broken
		}
		taken += 2
	}
}

func afterTrailer(in, body []byte, taken int) ([]byte, int, error) {
	for {
		end := bytes.Index(in[taken:], []byte("\r\n"))
		if end < 0 {
			return nil, 0, nil
		}
		taken += end + 2
		if end == 0 {
			return body, taken, nil
		}
	}
}

var errClosed = errors.New("nobody waited for the answer any more")
