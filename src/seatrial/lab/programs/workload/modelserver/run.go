package modelserver

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
)

const lessOften = 400 // percent: the heap is small, and a collection costs the time of tokens

// Run serves until it is told to end.
func Run(args []string) int {
	options, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "model-server:", err)
		return 2
	}
	if err := serveUntilTold(options); err != nil {
		fmt.Fprintln(os.Stderr, "model-server:", err)
		return 1
	}
	return 0
}

func serveUntilTold(options Options) error {
	debug.SetGCPercent(lessOften)
	config, err := secured(options.Certificate, options.Key, options.Clients)
	if err != nil {
		return err
	}
	server, err := newServer(options)
	if err != nil {
		return err
	}
	if options.TruthFile != "" {
		if err := server.truth.to(options.TruthFile, server.failed); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(options.Host, strconv.Itoa(options.Port)))
	if err != nil {
		return err
	}
	defer listener.Close()
	if config != nil {
		go server.serveTLS(listener, config)
	} else if err := server.listen(listener.(*net.TCPListener)); err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	go func() {
		<-ctx.Done()
		server.loop.end()
	}()
	if options.UntilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			server.loop.end()
		}()
	}
	said := map[string]any{
		"event": "serving", "simulated": true, "port": listener.Addr().(*net.TCPAddr).Port, "name": options.Name,
		"role": options.Role, "mode": options.Mode,
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		return err
	}
	return errors.Join(server.runToTheEnd(), json.NewEncoder(os.Stdout).Encode(server.lastWords()))
}

// lastWords is what it was like, in one line.
func (s *Server) lastWords() map[string]any {
	return map[string]any{
		"event": "ended", "simulated": true, "name": s.Name, "requests": s.served, "tokens": s.metrics.generated,
		"lateness": s.lateness.summary(), "first_lateness": s.lateFirst.summary(),
	}
}

// runToTheEnd closes what is open at the end, so that the truth tells of it as well.
func (s *Server) runToTheEnd() error {
	err := s.loop.run()
	for connection := range s.connections {
		connection.close()
	}
	s.truth.close()
	return err
}
