// Command workload is the one program in every pod of a proof, and the first process of a lab node. What it finds out
// it prints as JSON. It depends on the standard library alone, so that its image holds nothing else.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"seatrial.dev/lab/workload/modelserver"
)

// commands by name; each returns the exit code of the process.
var commands = map[string]func(args []string) int{
	"pause":        pause,
	"work":         work,
	"devices":      devices,
	"serve":        serve,
	"get":          get,
	"burst":        burst,
	"model-server": modelserver.Run,
	"ask":          converse,
	"env":          env,
	"load":         load,
	"metered":      metered,

	"files":      files,
	"interfaces": interfaces,
	"kernel":     kernel,
	"receive":    receive,
	"send":       send,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		names := strings.Join(slices.Sorted(maps.Keys(commands)), " | ")
		fmt.Fprintf(os.Stderr, "usage: workload %s\n", names)
		os.Exit(2)
	}
	os.Exit(commands[os.Args[1]](os.Args[2:]))
}

// report prints one line of JSON.
func report(what any) int {
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		fmt.Fprintln(os.Stderr, "workload:", err)
		return 1
	}
	return 0
}

// misused explains a command line that makes no sense. A flag set has already printed its own errors.
func misused(err error) int {
	fmt.Fprintln(os.Stderr, "workload:", err)
	return 2
}

// env reports the environment.
func env([]string) int {
	found := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		found[name] = value
	}
	return report(found)
}
