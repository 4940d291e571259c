package modelserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// started is a server that runs, and its URL. What it prints about requests is kept out of the test's own output.
func started(t *testing.T, flags ...string) (*Server, string) {
	t.Helper()
	options, err := parse(append([]string{"--name", "m", "--host", "127.0.0.1", "--port", "0"}, flags...))
	if err != nil {
		t.Fatal(err)
	}
	server, err := newServer(options)
	if err != nil {
		t.Fatal(err)
	}
	server.lines = json.NewEncoder(io.Discard)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.listen(listener.(*net.TCPListener)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- server.runToTheEnd() }()
	t.Cleanup(func() {
		server.loop.end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		listener.Close()
	})
	return server, "http://" + listener.Addr().String()
}

func post(t *testing.T, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		said = fmt.Appendf(said, "[%v]", err)
	}
	return response, string(said)
}

type answered struct {
	ID      string
	Choices []struct {
		Text    string
		Delta   struct{ Role, Content string }
		Message struct{ Role, Content string }
		Finish  string `json:"finish_reason"`
	}
	Usage struct {
		Prompt  int `json:"prompt_tokens"`
		Tokens  int `json:"completion_tokens"`
		Details struct {
			Cached int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
	}
	Transfer *Transfer `json:"kv_transfer_params"`
	Error    struct{ Message, Type, Code string }
}

func completed(t *testing.T, url, prompt string, more string, headers ...string) answered {
	t.Helper()
	_, said := post(t, url+"/v1/completions", fmt.Sprintf(`{"prompt": %q%s}`, prompt, more), headers...)
	return read(t, said)
}

func read(t *testing.T, text string) (found answered) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return found
}

// events are those of a stream; the last one says whether it ended as it should.
func events(t *testing.T, text string) (found []answered, done bool) {
	t.Helper()
	for block := range strings.SplitSeq(text, "\n\n") {
		data, is := strings.CutPrefix(block, "data: ")
		switch {
		case data == "[DONE]":
			done = true
		case is:
			found = append(found, read(t, data))
		}
	}
	return found, done
}

func fetched(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return string(body)
}

// truths are all records of a server.
func truths(t *testing.T, url string) (records []Record) {
	t.Helper()
	lines := json.NewDecoder(strings.NewReader(fetched(t, url+"/truth")))
	var about map[string]any
	if err := lines.Decode(&about); err != nil {
		t.Fatal(err)
	}
	for lines.More() {
		var record Record
		if err := lines.Decode(&record); err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	return records
}
