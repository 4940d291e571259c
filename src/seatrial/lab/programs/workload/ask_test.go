package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

func TestConversationsTellWhoAnsweredEachTurn(t *testing.T) {
	server := exec.Command(os.Args[0], "--name", "m", "--host", "127.0.0.1", "--port", "0")
	server.Env = append(os.Environ(), "RUN_WORKLOAD=model-server")
	out, err := server.StdoutPipe()
	if err != nil || server.Start() != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, _ := lines.ReadBytes('\n')
	var serving struct{ Port int }
	if err := json.Unmarshal(line, &serving); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	go func() { _, _ = lines.WriteTo(io.Discard) }()
	url := fmt.Sprintf("http://127.0.0.1:%d/v1/completions", serving.Port)
	code, said := printed(t, converse, "--run", "r", "--sessions", "2", "--turns", "3", "--prompt", "256", url)
	sessions := said["sessions"].(map[string]any)
	turns := sessions["r-1"].([]any)
	if code != 0 || len(sessions) != 2 || len(turns) != 3 || turns[2] != "m" || said["cached_tokens"].(float64) != 2*2*64 {
		t.Errorf("exit %d, %v", code, said)
	}
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("told to end, it ended with %v", err)
	}
	_, silent := printed(t, converse, "--together", "--sessions", "2", url)
	if len(silent["trouble"].(map[string]any)) != 1 || silent["sessions"].(map[string]any)["run-0"].([]any)[0] != "" {
		t.Errorf("%v", silent)
	}
	if code := converse(nil); code != 2 {
		t.Errorf("exit %d without a URL", code)
	}
}
