package main

import (
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const mostProcesses = 200

// secrets are windows into the memory and the messages of a kernel. No container should get to see a byte through one.
var secrets = []string{"/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/proc/kcore", "/proc/kmsg"}

// kernel reports which kernel this is, and what of it, and of others on it, can be seen from here.
func kernel(args []string) int {
	var marks several
	flags := flag.NewFlagSet("kernel", flag.ContinueOnError)
	flags.Var(&marks, "mark", "files to look for; may be repeated")
	leave := flags.String("leave", "", "a file to leave behind")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *leave != "" {
		if err := os.WriteFile(*leave, []byte("left behind\n"), 0o644); err != nil {
			return misused(err)
		}
	}
	return report(map[string]any{
		"uname":     uname(),
		"version":   line("/proc/version"),
		"boot":      line("/proc/sys/kernel/random/boot_id"),
		"processes": processes(),
		"readable":  readable(),
		"addresses": addresses(),
		"marks":     existing(marks),
	})
}

func uname() map[string]string {
	var name syscall.Utsname
	if err := syscall.Uname(&name); err != nil {
		return map[string]string{}
	}
	return map[string]string{
		"sysname": text(name.Sysname[:]), "release": text(name.Release[:]), "version": text(name.Version[:]), "machine": text(name.Machine[:]),
	}
}

func text[C int8 | uint8](chars []C) string {
	var written strings.Builder
	for _, char := range chars {
		if char == 0 {
			break
		}
		written.WriteByte(byte(char))
	}
	return written.String()
}

// line is what a file says, or nothing where it cannot be read.
func line(path string) string {
	said, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(said))
}

// processes are the command lines that can be seen, by the number of the process.
func processes() map[string]string {
	seen := map[string]string{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		pid := filepath.Base(folder)
		if _, err := strconv.Atoi(pid); err == nil && len(seen) < mostProcesses {
			seen[pid] = strings.TrimSpace(strings.ReplaceAll(line(folder+"/cmdline"), "\x00", " "))
		}
	}
	return seen
}

// readable are the secrets of which a byte could be read, under their own name or as a node made for it.
func readable() []string {
	seen := []string{}
	for _, path := range secrets {
		if readsAByte(path) {
			seen = append(seen, path)
		}
	}
	forged := filepath.Join(os.TempDir(), "forged-mem-"+strconv.Itoa(os.Getpid()))
	if err := syscall.Mknod(forged, syscall.S_IFCHR|0o600, int(join(1, 1))); err == nil {
		if readsAByte(forged) {
			seen = append(seen, "a node of its own for /dev/mem")
		}
		os.Remove(forged)
	}
	return seen
}

func readsAByte(path string) bool {
	opened, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer opened.Close()
	n, err := opened.Read(make([]byte, 1))
	return n == 1 && (err == nil || errors.Is(err, io.EOF))
}

// addresses of all interfaces but the loopback.
func addresses() []string {
	found := []string{}
	all, _ := net.InterfaceAddrs()
	for _, address := range all {
		if network, ok := address.(*net.IPNet); ok && !network.IP.IsLoopback() {
			found = append(found, network.IP.String())
		}
	}
	return found
}

func existing(paths []string) []string {
	found := []string{}
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			found = append(found, path)
		}
	}
	return found
}
