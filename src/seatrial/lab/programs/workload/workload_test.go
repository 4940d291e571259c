package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// printed runs a command and returns its exit code and the JSON that it printed last.
func printed(t *testing.T, command func([]string) int, args ...string) (int, map[string]any) {
	t.Helper()
	out, stdout := filepath.Join(t.TempDir(), "out"), os.Stdout
	file, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = file
	code := command(args)
	os.Stdout = stdout
	file.Close()
	text, _ := os.ReadFile(out)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var last map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil && code == 0 {
		t.Fatalf("%q is no JSON: %v", lines[len(lines)-1], err)
	}
	return code, last
}

func TestDevicesReadsWhatANodeHolds(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "accel0")
	if err := os.WriteFile(file, append([]byte(`{"uuid":"a"}`), make([]byte, 9000)...), 0o600); err != nil {
		t.Fatal(err)
	}
	code, report := printed(t, devices, "--glob", folder+"/*", "--also-open", folder+"/absent")
	found := report["devices"].([]any)
	if code != 0 || len(found) != 2 {
		t.Fatalf("exit %d, %v", code, found)
	}
	first, second := found[0].(map[string]any), found[1].(map[string]any)
	if first["identity"] != `{"uuid":"a"}` || first["opened"] != true || first["type"] != "file" {
		t.Errorf("the node was read as %v", first)
	}
	if second["error"] != "ENOENT" || second["exists"] != false {
		t.Errorf("the absent node was read as %v", second)
	}
}

func TestDevicesFindsNothingWhereThereIsNothing(t *testing.T) {
	_, report := printed(t, devices, "--glob", t.TempDir()+"/*")
	if found := report["devices"].([]any); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func TestForgedNodeIsReportedAndRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	seen := forge(4095, 1048575) // no driver has this number
	if seen.Opened || seen.Error == "" {
		t.Errorf("opened a device that does not exist: %+v", seen)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left behind %v", left)
	}
}

func TestDeviceNumbers(t *testing.T) {
	for text, want := range map[string][2]uint32{"7:3": {7, 3}, "259:300": {259, 300}, "1:1048575": {1, 1048575}} {
		major, minor, err := parseNumber(text)
		if err != nil || major != want[0] || minor != want[1] {
			t.Errorf("%s read as %d:%d, %v", text, major, minor, err)
		}
		if a, b := split(join(major, minor)); a != major || b != minor {
			t.Errorf("%s became %d:%d", text, a, b)
		}
	}
	for _, text := range []string{"", "7", "7:", ":3", "7:x", "-1:3", "7:3:1", "5000:1"} {
		if _, _, err := parseNumber(text); err == nil {
			t.Errorf("%q was taken for a device number", text)
		}
	}
}

func TestWorkEndsByItself(t *testing.T) {
	code, last := printed(t, work, "--seconds", "0.01")
	if code != 0 || last["why"] != "finished" {
		t.Errorf("exit %d, %v", code, last)
	}
}

func TestWorkEndsWhenTold(t *testing.T) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "RUN_WORKLOAD=work")
	out, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 1)
	if _, err := out.Read(line); err != nil { // the start line means that it listens
		t.Fatal(err)
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	rest, _ := io.ReadAll(out)
	if err := command.Wait(); err != nil || !strings.Contains(string(rest), "told to stop") {
		t.Errorf("%v, printed %s", err, rest)
	}
}

func TestReapTakesInTheDead(t *testing.T) {
	child := exec.Command("/bin/true")
	if err := child.Start(); err != nil {
		t.Skip("no /bin/true here")
	}
	for reap() == 0 { // blocks no longer than the child lives
	}
	if err := child.Wait(); err == nil {
		t.Error("the child was still there to be waited for")
	}
}

func TestEchoAndHealth(t *testing.T) {
	server := httptest.NewServer(pages())
	defer server.Close()
	code, answer := printed(t, get, server.URL+"/healthz")
	if code != 0 || answer["status"] != float64(http.StatusOK) || answer["body"] != "ok\n" {
		t.Errorf("exit %d, %v", code, answer)
	}
	response, err := http.Post(server.URL+"/echo", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if !strings.HasPrefix(string(body), "POST ") || !strings.HasSuffix(string(body), "hello") {
		t.Errorf("echoed %q", body)
	}
}

func TestGetOfNobodyFails(t *testing.T) {
	server := httptest.NewServer(pages())
	server.Close()
	if code, answer := printed(t, get, server.URL); code != 1 || answer["error"] == nil {
		t.Errorf("exit %d, %v", code, answer)
	}
}

func TestEnvIsReported(t *testing.T) {
	t.Setenv("SEATRIAL_VISIBLE_DEVICES", "a=b")
	if _, found := printed(t, env); found["SEATRIAL_VISIBLE_DEVICES"] != "a=b" {
		t.Errorf("reported %v", found)
	}
}

func TestMain(m *testing.M) {
	if command := os.Getenv("RUN_WORKLOAD"); command != "" {
		os.Exit(commands[command](os.Args[1:]))
	}
	os.Exit(m.Run())
}
