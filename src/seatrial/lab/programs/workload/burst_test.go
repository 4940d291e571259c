package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestBurstTalliesWhoAnswered(t *testing.T) {
	server := httptest.NewServer(signed("left", pages()))
	defer server.Close()
	code, said := printed(t, burst, "--count", "30", "--header", "X-A=b", server.URL+"/who/are-you")
	if code != 0 || said["sent"] != float64(30) || said["answered_by"].(map[string]any)["left"] != float64(30) {
		t.Errorf("exit %d, %v", code, said)
	}
}

func TestBurstSendsHeadersHostAndBody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "a.test" || r.Header.Get("X-Model") != "x" || r.Method != http.MethodPost || r.ContentLength != 2 {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer server.Close()
	_, said := printed(t, burst, "--host", "a.test", "--header", "X-Model=x", "--body", "{}", server.URL)
	if said["status"].(map[string]any)["200"] != float64(1) {
		t.Errorf("%v", said)
	}
}

func TestBurstCountsRefusalsAndSilenceApart(t *testing.T) {
	server := httptest.NewServer(pages())
	_, refused := printed(t, burst, "--count", "3", server.URL+"/nowhere")
	server.Close()
	code, silent := printed(t, burst, "--count", "3", server.URL+"/who/are-you")
	if refused["status"].(map[string]any)["404"] != float64(3) || len(refused["answered_by"].(map[string]any)) != 0 {
		t.Errorf("refused: %v", refused)
	}
	errors := silent["errors"].(map[string]any)
	if code != 0 || len(errors) != 1 || len(silent["status"].(map[string]any)) != 0 {
		t.Errorf("silent: exit %d, %v", code, silent)
	}
}

func TestBurstRefusesNonsense(t *testing.T) {
	for _, args := range [][]string{{}, {"--count", "0", "http://a"}, {"--header", "novalue", "http://a"}, {"http://[bad"}} {
		if code := burst(args); code != 2 {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}

func TestBurstWaitsForItsSign(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusNotFound)
		} else if asked < 30 && asked%2 == 0 {
			w.Header().Set(answeredBy, "old")
		} else {
			w.Header().Set(answeredBy, "new")
		}
	}))
	defer server.Close()
	_, said := printed(t, burst, "--wait-for", "2xx", "--wait-by", "new", "--count", "40", "--parallel", "1", server.URL)
	if said["settled"] != true || said["answered_by"].(map[string]any)["new"] != float64(40) {
		t.Errorf("%v", said)
	}
	_, said = printed(t, burst, "--wait-for", "5xx", "--patience", "120ms", server.URL)
	if said["settled"] != false || said["status"].(map[string]any)["200"] != float64(1) {
		t.Errorf("%v", said)
	}
}
