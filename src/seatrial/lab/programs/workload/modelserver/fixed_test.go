package modelserver

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const stream3 = `{"prompt": "hello", "max_tokens": 3, "stream": true}`

func TestTheScheduleIsAsStated(t *testing.T) {
	_, url := started(t, "--mode", "fixed", "--ttft", "30ms", "--gap", "10ms", "--every-token")
	post(t, url+"/v1/completions", stream3, IDHeader, "a-1")
	post(t, url+"/v1/completions", strings.Replace(stream3, "true", "false", 1))
	records := truths(t, url)
	first, whole := records[0], records[1]
	if first.ID != "a-1" || first.FirstDue != first.Arrived+30e6 || first.First < first.FirstDue || first.Tokens != 3 || first.Events != 3 {
		t.Errorf("%+v", first)
	}
	for place, at := range first.EveryToken {
		if at < 30e6+int64(place)*10e6 {
			t.Errorf("token %d was written %d ns after the request", place, at)
		}
	}
	if whole.FirstDue != whole.Arrived+50e6 || whole.Tokens != 3 || whole.Events != 1 {
		t.Errorf("%+v", whole)
	}
	if first.Arrived > first.Read || first.Headers > first.First || first.Last > first.Finished || first.ArrivedWall == 0 {
		t.Errorf("%+v", first)
	}
}

func TestTheTruthGoesOnFromWhereOneWas(t *testing.T) {
	_, url := started(t, "--mode", "fixed", "--ttft", "0", "--gap", "0", "--truth-keep", "8")
	for range 20 {
		post(t, url+"/v1/completions", stream3)
	}
	for query, wanted := range map[string]float64{"?since=19": 2, "?since=21": 0, "?since=14&limit=3": 3} {
		var about map[string]any
		if err := json.NewDecoder(strings.NewReader(fetched(t, url+"/truth"+query))).Decode(&about); err != nil || about["records"] != wanted {
			t.Errorf("%s: %v, %v", query, about, err)
		}
	}
	records := truths(t, url)
	if first := records[0].Seq; first < 10 || first > 13 || records[len(records)-1].Seq != 20 {
		t.Errorf("%d records, from %d", len(records), first)
	}
}

func TestTheTruthIsWrittenToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.jsonl")
	server, err := newServer(Options{Name: "m", Mode: fixedMode, Keep: 1, Blocks: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.truth.to(path, func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		server.truth.add(&Record{Outcome: "complete"})
	}
	server.truth.close()
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), "\n") != 3 || !strings.Contains(string(text), `"seq":3,`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAClientThatHangsUpIsNotedAsGone(t *testing.T) {
	_, url := started(t, "--mode", "fixed", "--ttft", "0", "--gap", "1h")
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = connection.Write([]byte("POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 52\r\n\r\n" + stream3))
	_, _ = connection.Read(make([]byte, 1))
	connection.Close()
	records := truths(t, url)
	for len(records) == 0 {
		time.Sleep(time.Millisecond)
		records = truths(t, url)
	}
	if records[0].Outcome != clientGone || records[0].Tokens > 1 {
		t.Errorf("%+v", records[0])
	}
	if !strings.Contains(fetched(t, url+"/metrics"), `finished_reason="abort"} 1`) {
		t.Error("nobody counted it")
	}
}

func TestAnswersGoWrongAsAskedFor(t *testing.T) {
	_, url := started(t, "--mode", "fixed", "--ttft", "5ms", "--gap", "1ms")
	const body = `{"prompt": "hello", "max_tokens": 8, "stream": true, "stream_options": {"include_usage": true}}`
	for way, right := range map[string]func(text string, parts []answered, done bool) bool{
		"error-event=2": func(_ string, parts []answered, _ bool) bool {
			return len(parts) == 3 && parts[2].Error.Type == "server_error"
		},
		"no-tokens": func(_ string, parts []answered, done bool) bool {
			return len(parts) == 1 && parts[0].Usage.Tokens == 0 && done
		},
		"truncate=2": func(text string, parts []answered, done bool) bool {
			return len(parts) == 2 && !done && strings.Contains(text, "[unexpected EOF]")
		},
		"half-close=2": func(text string, parts []answered, done bool) bool {
			return len(parts) == 2 && !done && strings.Contains(text, "[unexpected EOF]")
		},
		"reset=2": func(text string, parts []answered, done bool) bool {
			return len(parts) <= 2 && !done && strings.Contains(text, "reset by peer")
		},
		"no-done": func(text string, parts []answered, done bool) bool {
			return len(parts) == 9 && !done && !strings.Contains(text, "[unexpected")
		},
		"no-finish": func(_ string, parts []answered, done bool) bool {
			return len(parts) == 9 && done && parts[7].Choices[0].Finish == ""
		},
		"no-usage": func(_ string, parts []answered, done bool) bool { return len(parts) == 8 && done },
		"coalesce=3": func(_ string, parts []answered, done bool) bool {
			return len(parts) == 4 && done && parts[3].Usage.Tokens == 8 && len(parts[2].Choices[0].Text) == 8
		},
		"empty-first": func(_ string, parts []answered, done bool) bool {
			return len(parts) == 10 && done && parts[0].Choices[0].Text == ""
		},
		"comments": func(text string, parts []answered, done bool) bool {
			return len(parts) == 9 && done && strings.Count(text, ": simulated\n\n") == 8
		},
		"split": func(_ string, parts []answered, done bool) bool { return len(parts) == 9 && done },
	} {
		_, text := post(t, url+"/v1/completions", body, waysHeader, way)
		if parts, done := events(t, text); !right(text, parts, done) {
			t.Errorf("%s: %s", way, text)
		}
	}
	_, text := post(t, url+"/v1/completions", strings.Replace(body, "{", `{"model": "m!bad-json=1", `, 1))
	if !strings.Contains(text, `"choices":[`+"\n\n") {
		t.Error(text)
	}
	response, _ := post(t, url+"/v1/completions", body, waysHeader, "status=429@1500ms")
	if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "2" {
		t.Errorf("%s, %v", response.Status, response.Header)
	}
}

func TestSlowHeadersAndStallsShiftTheSchedule(t *testing.T) {
	_, url := started(t, "--mode", "fixed", "--ttft", "5ms", "--gap", "1ms")
	post(t, url+"/v1/completions", stream3, waysHeader, "slow-headers=40ms")
	post(t, url+"/v1/completions", stream3, waysHeader, "stall=50ms@1")
	records := truths(t, url)
	if slow := records[0]; slow.FirstDue != slow.Arrived+45e6 {
		t.Errorf("%+v", slow)
	}
	if stalled := records[1]; stalled.FirstDue != stalled.Arrived+5e6 || stalled.Last < stalled.Arrived+57e6 {
		t.Errorf("%+v", stalled)
	}
}

func TestAShareOfAllGoesWrongAndAlwaysTheSame(t *testing.T) {
	which := func() (wrong string) {
		_, url := started(t, "--mode", "fixed", "--ttft", "0", "--gap", "0", "--misbehave", "no-done", "--misbehave-share", "0.3")
		for range 60 {
			_, text := post(t, url+"/v1/completions", stream3)
			if strings.Contains(text, "[DONE]") {
				wrong += "."
			} else {
				wrong += "x"
			}
		}
		return wrong
	}
	one, other := which(), which()
	if found := strings.Count(one, "x"); one != other || found < 8 || found > 30 {
		t.Errorf("%s and %s", one, other)
	}
}
