package modelserver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestAnAnswerIsTheSameInAStreamAndAtOnce(t *testing.T) {
	_, url := started(t)
	whole := completed(t, url, "hello there", `, "max_tokens": 5`)
	_, text := post(t, url+"/v1/completions",
		`{"prompt": "hello there", "max_tokens": 5, "stream": true, "stream_options": {"include_usage": true}}`)
	parts, done := events(t, text)
	said := ""
	for _, part := range parts[:5] {
		said += part.Choices[0].Text
	}
	if said != whole.Choices[0].Text || len(said) != 5*charactersPerToken || !done {
		t.Errorf("%q in parts, %q at once, done %v", said, whole.Choices[0].Text, done)
	}
	last := parts[len(parts)-1]
	if last.Usage.Tokens != 5 || last.Usage.Prompt != 3 || len(last.Choices) != 0 || parts[4].Choices[0].Finish != "length" {
		t.Errorf("%+v", parts)
	}
}

func TestAChatBeginsWithARoleAndNoText(t *testing.T) {
	_, url := started(t)
	_, text := post(t, url+"/v1/chat/completions",
		`{"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "max_tokens": 2, "stream": true}`)
	parts, done := events(t, text)
	if len(parts) != 3 || !done {
		t.Fatalf("%+v", parts)
	}
	role, first := parts[0].Choices[0].Delta, parts[1].Choices[0].Delta
	if role.Role != "assistant" || role.Content != "" || first.Content == "" {
		t.Errorf("%+v", parts)
	}
}

func TestAnswersMayEndByThemselves(t *testing.T) {
	_, url := started(t, "--vary", "0.5", "--step", "0")
	shorter := 0
	for i := range 20 {
		prompt := strings.Repeat("x", i+1)
		one, again := completed(t, url, prompt, `, "max_tokens": 20`), completed(t, url, prompt, `, "max_tokens": 20`)
		used := one.Usage.Tokens
		if used < 10 || used > 20 || used != again.Usage.Tokens || (used < 20) != (one.Choices[0].Finish == "stop") {
			t.Errorf("%d tokens, then %d, %s", used, again.Usage.Tokens, one.Choices[0].Finish)
		}
		if used < 20 {
			shorter++
		}
	}
	if whole := completed(t, url, "x", `, "max_tokens": 20, "ignore_eos": true`); whole.Usage.Tokens != 20 || shorter < 10 {
		t.Errorf("%d tokens, %d of 20 were shorter", whole.Usage.Tokens, shorter)
	}
}

func TestTokenIdsAreAPromptOfAsManyTokens(t *testing.T) {
	_, url := started(t)
	_, said := post(t, url+"/v1/completions", `{"prompt": [1, 2, 3, 40000], "max_tokens": 1}`)
	if used := read(t, said).Usage.Prompt; used != 4 {
		t.Errorf("%d tokens", used)
	}
}

func TestAPromptThatBeginsAlikeIsCachedAsFarAsItIsAlike(t *testing.T) {
	_, url := started(t, "--parallel", "2", "--blocks", "100")
	begin := strings.Repeat("x", 4*blockBytes)
	first, second, other := completed(t, url, begin+"one", ""), completed(t, url, begin+"two", ""), completed(t, url, "y"+begin, "")
	cached := func(a answered) int { return a.Usage.Details.Cached }
	if cached(first) != 0 || cached(second) != 4*blockTokens || cached(other) != 0 {
		t.Errorf("cached %v, %v, %v", cached(first), cached(second), cached(other))
	}
	if again := completed(t, url, begin+"two", ""); again.Choices[0].Text != second.Choices[0].Text {
		t.Error("the same prompt and seed were answered differently")
	}
}

func TestTheNextTurnOfAChatFindsWhatWasAnswered(t *testing.T) {
	_, url := started(t)
	begin := strings.Repeat("x", 4*blockBytes)
	_, said := post(t, url+"/v1/chat/completions", fmt.Sprintf(`{"messages": [{"role": "user", "content": %q}], "max_tokens": 64}`, begin))
	first := read(t, said)
	_, said = post(t, url+"/v1/chat/completions", fmt.Sprintf(
		`{"messages": [{"role": "user", "content": %q}, {"role": "assistant", "content": %q}, {"role": "user", "content": "and?"}]}`,
		begin, first.Choices[0].Message.Content))
	if cached := read(t, said).Usage.Details.Cached; cached < 4*blockTokens+48 {
		t.Errorf("%d tokens were cached", cached)
	}
}

func TestMetricsSpeakAsVllmDoes(t *testing.T) {
	_, url := started(t, "--blocks", "100", "--adapters", "a,b")
	completed(t, url, strings.Repeat("x", 400), `, "max_tokens": 3`)
	text := fetched(t, url+"/metrics")
	for _, line := range []string{
		`vllm:num_requests_waiting{engine="0",model_name="simulated"} 0`,
		`vllm:kv_cache_usage_perc{engine="0",model_name="simulated"} 0`,
		`vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="100"} 1`,
		`vllm:generation_tokens_total{engine="0",model_name="simulated"} 3`,
		`vllm:prompt_tokens_total{engine="0",model_name="simulated"} 100`,
		`vllm:request_success_total{engine="0",model_name="simulated",finished_reason="length"} 1`,
		`vllm:time_to_first_token_seconds_bucket{engine="0",model_name="simulated",le="+Inf"} 1`,
		`vllm:request_queue_time_seconds_count{engine="0",model_name="simulated"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	if !strings.Contains(text, `vllm:lora_requests_info{max_lora="4",running_lora_adapters="",waiting_lora_adapters=""} `) {
		t.Errorf("no adapters in\n%s", text)
	}
}

func TestARequestMayComeInPieces(t *testing.T) {
	_, url := started(t)
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	body := `{"prompt": "hello", "max_tokens": 1}`
	for _, piece := range []string{
		"POST /v1/completions HTTP/1.1\r\nHo", "st: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		fmt.Sprintf("%x\r\n%s", 9, body[:5]), body[5:9] + "\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n", len(body)-9, body[9:]), "\r\n",
		"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	} {
		if _, err := connection.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	answers := bufio.NewReader(connection)
	for _, wanted := range []string{"text_completion", "owned_by", ""} {
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK || !strings.Contains(string(said), wanted) {
			t.Errorf("%s: %s", response.Status, said)
		}
	}
	if rest, err := io.ReadAll(answers); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v after the last answer", rest, err)
	}
}

func TestWhatIsNotSimulatedIsRefusedAsOpenAIDoes(t *testing.T) {
	_, url := started(t, "--strict", "--blocks", "10")
	for body, status := range map[string]int{
		`{"prompt": 7}`: 400, `no JSON`: 400, `{"prompt": "x", "n": 2}`: 400, `{"prompt": ["x", "y"]}`: 400, `{"prompt": "x", "max_tokens": -1}`: 400,
		`{"prompt": "x", "max_tokens": 1000}`: 400, `{"prompt": "x", "model": "other"}`: 404, `{"prompt": "x", "model": "simulated!dance"}`: 400,
	} {
		response, said := post(t, url+"/v1/completions", body)
		if found := read(t, said); response.StatusCode != status || found.Error.Message == "" || found.Error.Type != "invalid_request_error" {
			t.Errorf("%s: %s %s", body, response.Status, said)
		}
	}
	for _, args := range [][]string{
		{"--prefiller", "http://a"}, {"--role", "prefill", "--prefiller", "http://a"}, {"--parallel", "0"}, {"--mode", "fast"}, {"--gap", "-1s"},
		{"--misbehave", "dance"}, {"--tls-key", "k"}, {"more"}, {"--port", "65536"}, {"--gap", "soon"},
	} {
		stderr := os.Stderr
		os.Stderr, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		code := Run(args)
		os.Stderr = stderr
		if code != 2 {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}

func TestALineForEachRequestSaysWhomAPickerNamed(t *testing.T) {
	server, url := started(t)
	var lines bytes.Buffer
	server.lines = json.NewEncoder(&lines)
	completed(t, url, "x", "", pickedHeader, "10.0.0.1:8080", RunHeader, "r", IDHeader, "r-1")
	var said struct{ Event, Name, Role, Picked, Run, ID string }
	err := json.Unmarshal(lines.Bytes(), &said)
	if err != nil || said.Picked != "10.0.0.1:8080" || said.Event != "request" || said.Run != "r" || said.ID != "r-1" {
		t.Errorf("%+v, %v", said, err)
	}
}

func TestKeysAreAskedFor(t *testing.T) {
	t.Setenv(keysVariable, "one, two")
	_, url := started(t)
	for key, status := range map[string]int{"Bearer one": 200, "Bearer two": 200, "Bearer three": 401, "two": 401, "": 401} {
		response, said := post(t, url+"/v1/completions", `{"prompt": "x"}`, "Authorization", key)
		if response.StatusCode != status || status == 401 && read(t, said).Error.Code != "invalid_api_key" {
			t.Errorf("%q: %s %s", key, response.Status, said)
		}
	}
	if !strings.Contains(fetched(t, url+"/metrics"), "vllm:") {
		t.Error("metrics ask for a key")
	}
}

func TestDecodeTakesWhatPrefillMadeAndNothingWithoutIt(t *testing.T) {
	_, prefill := started(t, "--name", "p", "--role", "prefill")
	_, decode := started(t, "--name", "d", "--role", "decode", "--prefiller", prefill)
	if done := completed(t, decode, "hello there", `, "max_tokens": 2`, IDHeader, "r-1"); done.Usage.Tokens != 2 || done.Usage.Details.Cached != 3 {
		t.Errorf("%+v", done)
	}
	if made := completed(t, prefill, "hello there", "", IDHeader, "r-2").Transfer; made == nil || *made != (Transfer{"p", "r-2", 3, true}) {
		t.Errorf("%+v", made)
	}
	_, alone := started(t, "--role", "decode", "--prefiller", "http://127.0.0.1:1")
	if response, said := post(t, alone+"/v1/completions", `{"prompt": "hello"}`); response.StatusCode != http.StatusBadGateway {
		t.Errorf("%s without prefill: %s", response.Status, said)
	}
}

func TestDecodeGoesOnFromTheCacheThatCameWithTheRequest(t *testing.T) {
	_, url := started(t, "--role", "decode")
	if done := completed(t, url, "hello there", `, "kv_transfer_params": {"from": "p", "tokens": 3}`); done.Usage.Details.Cached != 3 {
		t.Errorf("%+v", done)
	}
	for _, nothing := range []string{"", `, "kv_transfer_params": {}`} {
		if done := completed(t, url, "hello", nothing); done.Error.Message == "" {
			t.Errorf("decoded from %q", nothing)
		}
	}
}

func TestWhateverComesTheServerGoesOn(t *testing.T) {
	_, url := started(t, "--mode", "fixed", "--ttft", "0", "--gap", "0")
	for _, hostile := range []string{
		"\x00\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
		"POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", longestHead+1),
		"POST /v1/completions HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}", "GET /truth?since=x&limit=-1 HTTP/1.0\r\n\r\n",
	} {
		connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = connection.Write([]byte(hostile))
		if said, _ := io.ReadAll(connection); !bytes.HasPrefix(said, []byte("HTTP/1.1 ")) {
			t.Errorf("%.60q: %q", hostile, said)
		}
		connection.Close()
	}
	if _, text := post(t, url+"/v1/completions", stream3); !strings.Contains(text, "[DONE]") {
		t.Error(text)
	}
}
