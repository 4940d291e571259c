package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// load keeps devices busy: it reads each of them again and again, past every cache, until it is told to end.
func load(args []string) int {
	var globs several
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.Var(&globs, "glob", "which devices to read")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var found []string
	for _, glob := range globs {
		matches, err := filepath.Glob(glob)
		if err != nil {
			return misused(fmt.Errorf("--glob %s: %w", glob, err))
		}
		found = append(found, matches...)
	}
	if len(found) == 0 {
		return misused(errors.New("there is no device to load"))
	}
	failed := make(chan error, len(found))
	for _, path := range found {
		go func() { failed <- readForEver(path) }()
	}
	report(map[string]any{"event": "loading", "devices": found})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endings...)
	select {
	case <-signals:
		return report(map[string]any{"event": "ended", "why": "told to stop"})
	case err := <-failed:
		report(map[string]any{"event": "ended", "why": err.Error()})
		return 1
	}
}

// readForEver returns only with an error. What is read past the caches has to land on a page of its own.
func readForEver(path string) error {
	page, err := syscall.Mmap(-1, 0, identitySize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	device, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECT|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer syscall.Close(device)
	for {
		if _, err := syscall.Pread(device, page, 0); err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}
