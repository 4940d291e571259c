package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const identitySize = 4096 // a device holds its identity in its first block

// node is what one device node turned out to be, seen from inside the container.
type node struct {
	Path     string `json:"path"`
	How      string `json:"how"` // "glob", "path", or "mknod": made by this program itself
	Type     string `json:"type,omitempty"`
	Major    uint32 `json:"major"`
	Minor    uint32 `json:"minor"`
	Exists   bool   `json:"exists"`
	Opened   bool   `json:"opened"`
	Error    string `json:"error,omitempty"` // the errno's name, such as EPERM
	Detail   string `json:"detail,omitempty"`
	Identity string `json:"identity,omitempty"`
}

// several collects a flag that may be repeated or hold a list.
type several []string

func (s *several) String() string { return strings.Join(*s, ",") }
func (s *several) Set(value string) error {
	*s = append(*s, strings.FieldsFunc(value, func(r rune) bool { return r == ',' })...)
	return nil
}

// devices reports each device node that is there, and whether it can be opened and read. It can also try to get at
// devices that it was not given: by their path, or by making a node of its own.
func devices(args []string) int {
	var globs, numbers, paths several
	flags := flag.NewFlagSet("devices", flag.ContinueOnError)
	flags.Var(&globs, "glob", "which nodes to look at (default /dev/seatrial/*)")
	flags.Var(&numbers, "also-mknod", "block devices to make a node for, as MAJOR:MINOR, then open")
	flags.Var(&paths, "also-open", "more paths to open, whether they are there or not")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if len(globs) == 0 {
		globs = several{"/dev/seatrial/*"}
	}
	found := []node{}
	for _, glob := range globs {
		matches, err := filepath.Glob(glob)
		if err != nil {
			return misused(fmt.Errorf("--glob %s: %w", glob, err))
		}
		for _, match := range matches {
			found = append(found, look(match, "glob"))
		}
	}
	for _, path := range paths {
		found = append(found, look(path, "path"))
	}
	for _, number := range numbers {
		major, minor, err := parseNumber(number)
		if err != nil {
			return misused(err)
		}
		found = append(found, forge(major, minor))
	}
	return report(map[string]any{"devices": found, "uid": os.Getuid()})
}

// look opens a node for reading and reads the identity that it holds.
func look(path, how string) node {
	seen := node{Path: path, How: how}
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return seen.failed(err)
	}
	seen.Exists, seen.Type = true, kindOf(stat.Mode)
	seen.Major, seen.Minor = split(stat.Rdev)
	// Not blocking, because a pipe or a terminal under this name must not hold us up.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return seen.failed(err)
	}
	defer file.Close()
	seen.Opened = true
	if seen.Type == "directory" {
		return seen
	}
	block := make([]byte, identitySize)
	n, err := io.ReadFull(file, block)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return seen.failed(err)
	}
	seen.Identity = strings.TrimRight(string(block[:n]), "\x00")
	return seen
}

// forge makes a node of its own for a device, the way a curious tenant would, opens it, and removes it.
func forge(major, minor uint32) node {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("forged-%d-%d-%d", major, minor, os.Getpid()))
	if err := syscall.Mknod(path, syscall.S_IFBLK|0o600, int(join(major, minor))); err != nil {
		return node{Path: path, How: "mknod", Type: "block", Major: major, Minor: minor}.failed(err)
	}
	defer os.Remove(path)
	return look(path, "mknod")
}

func (n node) failed(err error) node {
	n.Detail = err.Error()
	var number syscall.Errno
	if errors.As(err, &number) {
		n.Error = errnoName(number)
	}
	return n
}

var errnoNames = map[syscall.Errno]string{
	syscall.EPERM: "EPERM", syscall.EACCES: "EACCES", syscall.ENOENT: "ENOENT", syscall.ENXIO: "ENXIO", syscall.ENODEV: "ENODEV",
	syscall.EBUSY: "EBUSY", syscall.EIO: "EIO", syscall.EROFS: "EROFS", syscall.EAGAIN: "EAGAIN", syscall.EINVAL: "EINVAL",
	syscall.EEXIST: "EEXIST",
}

func errnoName(number syscall.Errno) string {
	if name, known := errnoNames[number]; known {
		return name
	}
	return "errno " + strconv.Itoa(int(number))
}

func kindOf(mode uint32) string {
	kinds := map[uint32]string{
		syscall.S_IFBLK: "block", syscall.S_IFCHR: "character", syscall.S_IFREG: "file", syscall.S_IFDIR: "directory",
		syscall.S_IFIFO: "pipe", syscall.S_IFSOCK: "socket", syscall.S_IFLNK: "link",
	}
	return kinds[mode&syscall.S_IFMT]
}

func parseNumber(text string) (major, minor uint32, err error) {
	parts := strings.Split(text, ":")
	if len(parts) == 2 && !slices.Contains(parts, "") {
		a, errA := strconv.ParseUint(parts[0], 10, 12)
		b, errB := strconv.ParseUint(parts[1], 10, 20)
		if errA == nil && errB == nil {
			return uint32(a), uint32(b), nil
		}
	}
	return 0, 0, fmt.Errorf("--also-mknod %q: write MAJOR:MINOR, such as 7:3", text)
}

// split and join follow the kernel's encoding of device numbers.
func split(device uint64) (major, minor uint32) {
	return uint32(device>>8)&0xfff | uint32(device>>32)&^0xfff, uint32(device)&0xff | uint32(device>>12)&^0xff
}

func join(major, minor uint32) uint64 {
	return uint64(minor&0xff) | uint64(major&0xfff)<<8 | uint64(minor&^0xff)<<12 | uint64(major&^0xfff)<<32
}
