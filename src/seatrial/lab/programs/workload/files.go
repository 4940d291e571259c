package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"
)

const (
	mostFiles     = 200
	longestOfFile = 4096
)

// file is what a container finds under one path.
type file struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`
	Text  string `json:"text,omitempty"` // of small text files alone
	Error string `json:"error,omitempty"`
}

// files reports the files that match, and what is in those that a person could read.
func files(args []string) int {
	var globs several
	flags := flag.NewFlagSet("files", flag.ContinueOnError)
	flags.Var(&globs, "glob", "which files to look at; may be repeated")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if len(globs) == 0 {
		return misused(errors.New("files needs a --glob"))
	}
	found := []file{}
	for _, glob := range globs {
		matches, err := filepath.Glob(glob)
		if err != nil {
			return misused(fmt.Errorf("--glob %s: %w", glob, err))
		}
		for _, match := range matches {
			if len(found) < mostFiles {
				found = append(found, read(match))
			}
		}
	}
	return report(map[string]any{"files": found})
}

func read(path string) file {
	seen := file{Path: path}
	info, err := os.Stat(path)
	if err != nil {
		seen.Error = err.Error()
		return seen
	}
	seen.Size = info.Size()
	if !info.Mode().IsRegular() || seen.Size > longestOfFile {
		return seen
	}
	opened, err := os.Open(path)
	if err != nil {
		seen.Error = err.Error()
		return seen
	}
	defer opened.Close()
	text, err := io.ReadAll(io.LimitReader(opened, longestOfFile)) // files of /proc and /sys say that they are empty
	if err != nil {
		seen.Error = err.Error()
	}
	if utf8.Valid(text) {
		seen.Text = string(text)
	}
	return seen
}
