// Command kube is every Kubernetes program of a lab in one binary: it is built and linked once, and the name by
// which it is called picks the program.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// programs by name; each returns the exit code of the process.
var programs = map[string]func() int{}

func main() {
	run, known := programs[filepath.Base(os.Args[0])]
	if !known {
		names := strings.Join(slices.Sorted(maps.Keys(programs)), ", ")
		fmt.Fprintf(os.Stderr, "%s: call this binary by the name of one of its programs: %s\n", os.Args[0], names)
		os.Exit(2)
	}
	os.Exit(run())
}

// ownFlags forgets the flags that Kubernetes' libraries give to every program they are linked with. A program that
// is not one of Kubernetes' servers would otherwise find a --version there that is not its own.
func ownFlags() {
	pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ContinueOnError)
}
