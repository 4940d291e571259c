package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"time"
)

// service is a small inference service that tells Prometheus what it does. It counts its requests, how long they
// took and how many wait. The work itself is simulated, and so is a queue that somebody sets.
type service struct {
	run  string // a label of every series, so that no other run's are mistaken for its own
	work time.Duration

	lock    sync.Mutex
	served  int
	seconds float64
	buckets []int
	waiting int // as set, on top of those that really are under way
	busy    int
}

var bounds = []float64{0.005, 0.01, 0.05, 0.1, 0.5, 1}

func metered(args []string) int {
	flags := flag.NewFlagSet("metered", flag.ContinueOnError)
	port := flags.Int("port", 8080, "where to listen")
	run := flags.String("run", "", "the value of the label run on every series")
	work := flags.Duration("work", 2*time.Millisecond, "how long one request takes")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ctx, cancel := signal.NotifyContext(context.Background(), endings...)
	defer cancel()
	playing := &service{run: *run, work: *work, buckets: make([]int, len(bounds))}
	server := &http.Server{Addr: fmt.Sprintf(":%d", *port), Handler: playing.pages(), ReadHeaderTimeout: getWithin}
	go func() {
		<-ctx.Done()
		_ = server.Close() // whoever is still waiting for an answer sees the connection end
	}()
	report(map[string]any{"event": "serving", "port": *port, "run": *run, "simulated": true})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "workload:", err)
		return 1
	}
	return 0
}

func (s *service) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/infer", func(w http.ResponseWriter, r *http.Request) {
		s.infer()
		fmt.Fprintln(w, "simulated answer")
	})
	mux.HandleFunc("/queue", s.setQueue)
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprint(w, s.metrics())
	})
	return mux
}

func (s *service) infer() {
	begun := time.Now()
	s.count(func() { s.busy++ })
	time.Sleep(s.work)
	took := time.Since(begun).Seconds()
	s.count(func() {
		s.busy--
		s.served++
		s.seconds += took
		for i, bound := range bounds {
			if took <= bound {
				s.buckets[i]++
			}
		}
	})
}

func (s *service) count(change func()) {
	s.lock.Lock()
	defer s.lock.Unlock()
	change()
}

// setQueue takes ?depth=N as the number of requests that wait from now on.
func (s *service) setQueue(w http.ResponseWriter, r *http.Request) {
	depth, err := strconv.Atoi(r.URL.Query().Get("depth"))
	if err != nil || depth < 0 {
		http.Error(w, "depth has to be a number that is not negative", http.StatusBadRequest)
		return
	}
	s.count(func() { s.waiting = depth })
	fmt.Fprintf(w, "a queue of %d is simulated\n", depth)
}

func (s *service) metrics() (text string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	series := func(name, more string, value float64) {
		text += fmt.Sprintf("%s{run=%q%s} %s\n", name, s.run, more, strconv.FormatFloat(value, 'g', -1, 64))
	}
	head := func(name, kind, help string) {
		text += fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}

	head("seatrial_requests_total", "counter", "Requests that were answered.")
	series("seatrial_requests_total", "", float64(s.served))
	head("seatrial_queue_depth", "gauge", "Requests that wait or are worked on.")
	series("seatrial_queue_depth", "", float64(s.waiting+s.busy))
	head("seatrial_request_duration_seconds", "histogram", "How long requests took.")
	for i, bound := range bounds {
		series("seatrial_request_duration_seconds_bucket", fmt.Sprintf(",le=\"%g\"", bound), float64(s.buckets[i]))
	}
	series("seatrial_request_duration_seconds_bucket", `,le="+Inf"`, float64(s.served))
	series("seatrial_request_duration_seconds_sum", "", s.seconds)
	series("seatrial_request_duration_seconds_count", "", float64(s.served))
	return text
}
