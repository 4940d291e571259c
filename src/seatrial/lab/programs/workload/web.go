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

// serve answers on /healthz and /echo until it is told to end.
func serve(args []string) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	port := flags.Int("port", 8080, "where to listen")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ctx, cancel := signal.NotifyContext(context.Background(), endings...)
	defer cancel()
	server := &http.Server{Addr: fmt.Sprintf(":%d", *port), Handler: pages(), ReadHeaderTimeout: getWithin}
	go func() {
		<-ctx.Done()
		_ = server.Close() // whoever is still waiting for an answer sees the connection end
	}()
	report(map[string]any{"event": "serving", "port": *port})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "workload:", err)
		return 1
	}
	return 0
}

func pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
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
