package modelserver

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// Options is what a server is told at its start.
type Options struct {
	Name, Host, Model string
	Mode              string
	Port              int
	Seed              uint64
	First, Gap        time.Duration
	Tokens            int
	Keep              int
	TruthFile         string
	EveryToken        bool
}

func parse(args []string) (options Options, err error) {
	flags := flag.NewFlagSet("model-server", flag.ContinueOnError)
	host, _ := os.Hostname()
	flags.StringVar(&options.Name, "name", host, "who this is")
	flags.StringVar(&options.Host, "host", "", "the address to listen on; all of them unless given")
	flags.IntVar(&options.Port, "port", 8000, "where to listen; 0 takes any that is free")
	flags.StringVar(&options.Model, "model", "simulated", "what it calls its model")
	flags.StringVar(&options.Mode, "mode", "model", "fixed: tokens at stated times")
	flags.Uint64Var(&options.Seed, "seed", 1, "of the words that it answers")
	flags.DurationVar(&options.First, "ttft", 50*time.Millisecond, "fixed mode: the first token after the request")
	flags.DurationVar(&options.Gap, "gap", 20*time.Millisecond, "fixed mode: each token after the one before")
	flags.IntVar(&options.Tokens, "tokens", 16, "how long answers are, where a request does not say")
	flags.IntVar(&options.Keep, "truth-keep", 500_000, "how many records /truth goes back")
	flags.StringVar(&options.TruthFile, "truth", "", "a file for a record of each request, as lines of JSON")
	flags.BoolVar(&options.EveryToken, "every-token", false, "write down the time of every token")
	return options, flags.Parse(args)
}

// Run serves until it is told to end.
func Run(args []string) int {
	options, err := parse(args)
	if err != nil {
		return 2
	}
	if err := serveUntilTold(options); err != nil {
		fmt.Fprintln(os.Stderr, "model-server:", err)
		return 1
	}
	return 0
}

func serveUntilTold(options Options) error {
	server, err := newServer(options)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(options.Host, strconv.Itoa(options.Port)))
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := server.listen(listener.(*net.TCPListener)); err != nil {
		return err
	}
	if options.TruthFile != "" {
		if err := server.truth.to(options.TruthFile, server.failed); err != nil {
			return err
		}
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	go func() {
		<-ctx.Done()
		server.loop.end()
	}()
	said := map[string]any{
		"event": "serving", "simulated": true, "port": listener.Addr().(*net.TCPAddr).Port, "name": options.Name,
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		return err
	}
	err = server.loop.run()
	for connection := range server.connections {
		connection.close()
	}
	server.truth.close()
	return errors.Join(err)
}
