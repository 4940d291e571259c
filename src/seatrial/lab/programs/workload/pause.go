package main

import (
	"errors"
	"flag"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var endings = []os.Signal{syscall.SIGTERM, syscall.SIGINT}

// pause waits until it is told to end. As the first process of a pod or node it inherits orphans, and reaps them.
func pause([]string) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, append([]os.Signal{syscall.SIGCHLD}, endings...)...)
	reap() // what ended before we listened
	for received := range signals {
		if received != syscall.SIGCHLD {
			return 0
		}
		reap()
	}
	return 0
}

func reap() (reaped int) {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil || pid <= 0:
			return reaped
		}
		reaped++
	}
}

// work pretends to train: it runs for so many seconds, or until it is told to end.
func work(args []string) int {
	flags := flag.NewFlagSet("work", flag.ContinueOnError)
	seconds := flags.Float64("seconds", 0, "how long to work; 0 means until SIGTERM")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endings...)
	host, err := os.Hostname()
	if err != nil {
		return misused(err)
	}
	report(map[string]any{"event": "started", "at": time.Now().UTC(), "host": host, "seconds": *seconds})

	var done <-chan time.Time
	if *seconds > 0 {
		done = time.After(time.Duration(*seconds * float64(time.Second)))
	}
	why := "finished"
	select {
	case <-done:
	case <-signals:
		why = "told to stop"
	}
	return report(map[string]any{"event": "ended", "at": time.Now().UTC(), "why": why})
}
