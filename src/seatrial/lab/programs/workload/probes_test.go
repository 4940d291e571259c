package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFilesReadsWhatAPersonCouldRead(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"version": "1.4.02\n", "library.so.1": "\xff\xfe", "large": string(make([]byte, 5000))} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, seen := printed(t, files, "--glob", folder+"/*", "--glob", "/no/such/place")
	texts := map[string]any{}
	for _, one := range seen["files"].([]any) {
		entry := one.(map[string]any)
		texts[filepath.Base(entry["path"].(string))] = entry["text"]
	}
	if code != 0 || len(texts) != 3 || texts["version"] != "1.4.02\n" || texts["library.so.1"] != nil || texts["large"] != nil {
		t.Errorf("code %d, %v", code, seen)
	}
	if code, _ := printed(t, files); code != 2 {
		t.Errorf("without a glob it ends in %d", code)
	}
	if code, _ := printed(t, files, "--glob", "["); code != 2 {
		t.Errorf("a broken glob ends in %d", code)
	}
}

func TestKernelTellsWhichItIsAndWhatCanBeSeen(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	code, seen := printed(t, kernel, "--leave", mark, "--mark", mark, "--mark", mark+"-of-another")
	if code != 0 || seen["boot"] == "" || seen["version"] == "" || seen["uname"].(map[string]any)["release"] == "" {
		t.Errorf("code %d, %v", code, seen)
	}
	if marks := seen["marks"].([]any); len(marks) != 1 || marks[0] != mark {
		t.Errorf("marks are %v", marks)
	}
	if len(seen["processes"].(map[string]any)) == 0 {
		t.Error("it does not see itself")
	}
	if code, _ := printed(t, kernel, "--leave", "/no/such/folder/mark"); code != 2 {
		t.Errorf("a mark that cannot be left ends in %d", code)
	}
}

func TestSendKnowsThatEverythingArrived(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go take(connection)
		}
	}()
	code, seen := printed(t, send, "--to", listener.Addr().String(), "--bytes", "300000")
	if code != 0 || seen["sent"] != 300000.0 || seen["received"] != 300000.0 {
		t.Errorf("code %d, %v", code, seen)
	}
}

func TestSendKnowsThatItDidNot(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		_, _ = connection.Read(make([]byte, 1))
		_, _ = connection.Write([]byte(`{"bytes":1,"sha256":"x"}`))
		time.Sleep(10 * time.Millisecond)
	}()
	if code, seen := printed(t, send, "--to", listener.Addr().String(), "--bytes", "2"); code != 1 {
		t.Errorf("code %d, %v", code, seen)
	}
	if code, _ := printed(t, send, "--to", "127.0.0.1:1", "--within", "1s"); code != 1 {
		t.Errorf("nobody there, and it ends in %d", code)
	}
}

func TestCountersAreReadFromTheKernelsTable(t *testing.T) {
	table := "Inter-| Receive | Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes packets\n" +
		"  fast0: 11 1 0 0 0 0 0 0 22 1 0 0 0 0 0 0\n broken: 1 2\n"
	if got := counted(table); len(got) != 1 || got["fast0"] != [2]uint64{11, 22} {
		t.Errorf("read %v", got)
	}
	if code, seen := printed(t, interfaces); code != 0 || seen["interfaces"] == nil {
		t.Errorf("code %d, %v", code, seen)
	}
}
