package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// muted keeps the lines of a server out of the test's own output.
func muted(t *testing.T) {
	t.Helper()
	stdout := os.Stdout
	os.Stdout, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	t.Cleanup(func() { os.Stdout = stdout })
}

func post(t *testing.T, server *httptest.Server, prompt string) (int, map[string]any) {
	t.Helper()
	body, _ := json.Marshal(completion{Prompt: prompt, MaxTokens: 1})
	response, err := http.Post(server.URL+"/v1/completions", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var said map[string]any
	_ = json.NewDecoder(response.Body).Decode(&said)
	return response.StatusCode, said
}

func cachedOf(said map[string]any) float64 {
	return said["usage"].(map[string]any)["prompt_tokens_details"].(map[string]any)["cached_tokens"].(float64)
}

func TestAPromptThatBeginsAlikeIsCachedAsFarAsItIsAlike(t *testing.T) {
	muted(t)
	server := httptest.NewServer(newModelServer("m", "both", "", 2, 100, 1).pages())
	defer server.Close()
	begin := strings.Repeat("x", 4*blockTokens*charactersPerToken)
	_, first := post(t, server, begin+"one")
	_, second := post(t, server, begin+"two")
	_, other := post(t, server, "y"+begin)
	if cachedOf(first) != 0 || cachedOf(second) != 4*blockTokens || cachedOf(other) != 0 {
		t.Errorf("cached %v, %v, %v", cachedOf(first), cachedOf(second), cachedOf(other))
	}
	_, again := post(t, server, begin+"two")
	if again["id"] != second["id"] {
		t.Error("the same prompt and seed were answered differently")
	}
}

func TestARecordSaysWhomAPickerNamed(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = write
	newModelServer("m", "both", "", 1, 1, 1).record(http.Header{pickedHeader: {"10.0.0.1:8080"}}, effort{}, 0, nil)
	os.Stdout = stdout
	write.Close()
	var said struct{ Picked string }
	if err := json.NewDecoder(read).Decode(&said); err != nil || said.Picked != "10.0.0.1:8080" {
		t.Errorf("picked %q, %v", said.Picked, err)
	}
}

func TestTheCacheForgetsTheOldestAndTheEndsOfPromptsFirst(t *testing.T) {
	cache := newPrefixCache(4)
	cache.take([]uint64{1, 2, 3})
	cache.take([]uint64{1, 4, 5}) // five blocks: the end of the first prompt goes
	if hits := cache.take([]uint64{1, 2, 3}); hits != 2 {
		t.Errorf("%d hits", hits)
	}
	if cache.usage() != 1 || cache.queries != 9 {
		t.Errorf("usage %v, %d queries", cache.usage(), cache.queries)
	}
}

func TestMetricsSpeakAsVllmDoesAndCountWhoWaits(t *testing.T) {
	muted(t)
	model := newModelServer("m", "both", "", 1, 100, 1)
	server := httptest.NewServer(model.pages())
	defer server.Close()
	model.slots <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	entered := make(chan bool)
	go func() { entered <- model.enter(ctx) }()
	for !model.isFull() {
		time.Sleep(time.Millisecond)
	}
	text := fetched(t, server.URL+"/metrics")
	for _, line := range []string{
		`vllm:num_requests_waiting{model_name="simulated"} 1`,
		`vllm:kv_cache_usage_perc{model_name="simulated"} 0`,
		`vllm:cache_config_info{block_size="16",num_gpu_blocks="100"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	cancel()
	if <-entered || model.isFull() {
		t.Error("whoever gave up still waits")
	}
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

func TestDecodeTakesWhatPrefillMadeAndNothingWithoutIt(t *testing.T) {
	muted(t)
	prefill := httptest.NewServer(newModelServer("p", "prefill", "", 1, 100, 1).pages())
	model := newModelServer("d", "decode", prefill.URL, 1, 100, 1)
	marks := http.Header{idHeader: {"r-1"}}
	done, err := model.work(context.Background(), completion{Prompt: "hello there", MaxTokens: 2}, marks)
	if err != nil || done.Took == nil || done.Took.From != "p" || done.Took.Request != "r-1" || done.Took.Tokens != 3 {
		t.Errorf("%+v, %v", done.Took, err)
	}
	prefill.Close()
	if status, _ := post(t, httptest.NewServer(model.pages()), "hello"); status != http.StatusBadGateway {
		t.Errorf("status %d without prefill", status)
	}
}

func TestDecodeGoesOnFromTheCacheThatCameWithTheRequest(t *testing.T) {
	muted(t)
	model := newModelServer("d", "decode", "", 1, 100, 1)
	came := &transfer{From: "p", Request: "r-1", Tokens: 3, Simulated: true}
	done, err := model.work(context.Background(), completion{Prompt: "hello there", Transfer: came}, http.Header{})
	if err != nil || done.Took != came {
		t.Errorf("%+v, %v", done.Took, err)
	}
	for _, nothing := range []*transfer{nil, {}} {
		if _, err := model.work(context.Background(), completion{Prompt: "hello", Transfer: nothing}, http.Header{}); err == nil {
			t.Errorf("decoded from %+v", nothing)
		}
	}
}

func TestWhatIsNotSimulatedIsRefused(t *testing.T) {
	muted(t)
	server := httptest.NewServer(newModelServer("m", "both", "", 1, 100, 1).pages())
	defer server.Close()
	for _, body := range []string{`{"prompt": "x", "stream": true}`, `{"prompt": 7}`, `no JSON`} {
		response, err := http.Post(server.URL+"/v1/chat/completions", "application/json", strings.NewReader(body))
		if err != nil || response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %v, %v", body, response, err)
		}
	}
	for _, args := range [][]string{{"--prefiller", "http://a"}, {"--role", "prefill", "--prefiller", "http://a"}, {"--parallel", "0"}} {
		if code := simulateModel(args); code != 2 {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}

func TestConversationsTellWhoAnsweredEachTurn(t *testing.T) {
	model := newModelServer("m", "both", "", 4, 1000, 1)
	server := httptest.NewServer(signed("m", model.pages()))
	defer server.Close()
	code, said := printed(t, converse, "--run", "r", "--sessions", "2", "--turns", "3", "--prompt", "256", server.URL+"/v1/completions")
	sessions := said["sessions"].(map[string]any)
	turns := sessions["r-1"].([]any)
	if code != 0 || len(sessions) != 2 || len(turns) != 3 || turns[2] != "m" || said["cached_tokens"].(float64) != 2*2*256/charactersPerToken {
		t.Errorf("exit %d, %v", code, said)
	}
	server.Close()
	_, silent := printed(t, converse, "--together", "--sessions", "2", server.URL)
	if len(silent["trouble"].(map[string]any)) != 1 || silent["sessions"].(map[string]any)["run-0"].([]any)[0] != "" {
		t.Errorf("%v", silent)
	}
	if code := converse(nil); code != 2 {
		t.Errorf("exit %d without a URL", code)
	}
}
