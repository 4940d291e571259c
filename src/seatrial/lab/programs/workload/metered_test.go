package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func ask(t *testing.T, from *service, path string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	from.pages().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer.Code, answer.Body.String()
}

func TestMeteredCountsWhatItServes(t *testing.T) {
	playing := &service{run: "a", buckets: make([]int, len(bounds))}
	for range 3 {
		ask(t, playing, "/infer")
	}
	_, text := ask(t, playing, "/metrics")
	for _, line := range []string{
		`seatrial_requests_total{run="a"} 3`,
		`seatrial_request_duration_seconds_count{run="a"} 3`,
		`seatrial_request_duration_seconds_bucket{run="a",le="+Inf"} 3`,
		`seatrial_queue_depth{run="a"} 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%q is missing in\n%s", line, text)
		}
	}
}

func TestMeteredTakesAQueueThatSomebodySets(t *testing.T) {
	playing := &service{run: "a", buckets: make([]int, len(bounds))}
	ask(t, playing, "/queue?depth=12")
	if code, _ := ask(t, playing, "/queue?depth=-1"); code != http.StatusBadRequest {
		t.Errorf("a negative queue was answered with %d", code)
	}
	if _, text := ask(t, playing, "/metrics"); !strings.Contains(text, `seatrial_queue_depth{run="a"} 12`) {
		t.Errorf("the queue is not as it was set:\n%s", text)
	}
}

func TestLoadSaysWhatItCannotDo(t *testing.T) {
	if code := load([]string{"--glob", filepath.Join(t.TempDir(), "*")}); code != 2 {
		t.Errorf("without a device it ended with %d", code)
	}
	if err := readForEver(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("an absent device can be read")
	}
}
