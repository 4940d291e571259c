package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"
)

const (
	getWithin   = 5 * time.Second
	longestBody = 64 << 10
)

// serve answers on /healthz, /echo and below /who/ until it is told to end, and says in each answer who it is.
func serve(args []string) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	port := flags.Int("port", 8080, "where to listen")
	host, _ := os.Hostname()
	name := flags.String("name", host, "who this is")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ctx, cancel := signal.NotifyContext(context.Background(), endings...)
	defer cancel()
	report(map[string]any{"event": "serving", "port": *port, "name": *name})
	return listen(ctx, *port, signed(*name, pages()))
}

// listen serves until it is told to end.
func listen(ctx context.Context, port int, pages http.Handler) int {
	server := &http.Server{Addr: fmt.Sprintf(":%d", port), Handler: pages, ReadHeaderTimeout: getWithin}
	go func() {
		<-ctx.Done()
		_ = server.Close() // whoever is still waiting for an answer sees the connection end
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "workload:", err)
		return 1
	}
	return 0
}

// signed says in a header of every answer who gave it.
func signed(name string, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(answeredBy, name)
		pages.ServeHTTP(w, r)
	})
}

func pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("/who/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, longestBody))
		_, _ = io.WriteString(w, w.Header().Get(answeredBy)+"\n")
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		host, _ := os.Hostname()
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "%s %s from %s\n", r.Method, host, r.RemoteAddr)
		_, _ = io.Copy(w, io.LimitReader(r.Body, longestBody))
	})
	return mux
}

// get reports the answer to one request. It ends well only when there was an answer.
func get(args []string) int {
	if len(args) != 1 {
		return misused(errors.New("get needs one URL"))
	}
	client := http.Client{Timeout: getWithin}
	response, err := client.Get(args[0])
	if err != nil {
		report(map[string]any{"url": args[0], "error": err.Error()})
		return 1
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, longestBody))
	if err != nil {
		report(map[string]any{"url": args[0], "status": response.StatusCode, "error": err.Error()})
		return 1
	}
	return report(map[string]any{"url": args[0], "status": response.StatusCode, "body": string(body)})
}
