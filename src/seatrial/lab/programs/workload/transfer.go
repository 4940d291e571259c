package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

const transferWithin = 60 * time.Second

// receipt is what the receiver says of what it got.
type receipt struct {
	Bytes  int64  `json:"bytes"`
	Digest string `json:"sha256"`
}

// receive takes what comes on one address, and answers how much and what it was, until it is told to end.
func receive(args []string) int {
	flags := flag.NewFlagSet("receive", flag.ContinueOnError)
	at := flags.String("at", ":9000", "where to listen")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	listener, err := net.Listen("tcp", *at)
	if err != nil {
		return misused(err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endings...)
	go func() {
		<-signals
		listener.Close()
	}()
	report(map[string]any{"event": "receiving", "at": listener.Addr().String()})
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return 0
		}
		if err != nil {
			return misused(err)
		}
		go take(connection)
	}
}

func take(connection net.Conn) {
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(transferWithin))
	sum := sha256.New()
	n, err := io.Copy(sum, connection)
	if err != nil {
		fmt.Fprintln(os.Stderr, "workload:", err)
		return
	}
	_ = json.NewEncoder(connection).Encode(receipt{n, hex.EncodeToString(sum.Sum(nil))})
}

// send sends so many random bytes, and reports whether the other side got just those.
func send(args []string) int {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	to := flags.String("to", "", "address and port of the receiver")
	size := flags.Int64("bytes", 1<<20, "how much to send")
	within := flags.Duration("within", transferWithin, "when to give up")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	begun := time.Now()
	sent, got, err := deliver(*to, *size, *within)
	outcome := map[string]any{"to": *to, "sent": sent, "received": got.Bytes, "seconds": time.Since(begun).Seconds()}
	if err == nil && sent != got {
		err = errors.New("what arrived is not what was sent")
	}
	if err != nil {
		outcome["error"] = err.Error()
		report(outcome)
		return 1
	}
	outcome["sent"] = sent.Bytes
	return report(outcome)
}

func deliver(to string, size int64, within time.Duration) (sent, got receipt, err error) {
	connection, err := net.DialTimeout("tcp", to, within)
	if err != nil {
		return sent, got, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(within)); err != nil {
		return sent, got, err
	}
	sum, seed := sha256.New(), [32]byte{}
	random := rand.NewChaCha8(seed)
	if sent.Bytes, err = io.Copy(io.MultiWriter(connection, sum), io.LimitReader(random, size)); err != nil {
		return sent, got, err
	}
	sent.Digest = hex.EncodeToString(sum.Sum(nil))
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		return sent, got, err
	}
	return sent, got, json.NewDecoder(connection).Decode(&got)
}

// link is a network interface as this pod sees it.
type link struct {
	Name      string   `json:"name"`
	Up        bool     `json:"up"`
	Addresses []string `json:"addresses"`
	Received  uint64   `json:"received"` // bytes
	Sent      uint64   `json:"sent"`
}

// interfaces reports every network interface but the loopback, and how much went over each.
func interfaces([]string) int {
	all, err := net.Interfaces()
	if err != nil {
		return misused(err)
	}
	counters, found := counted(line("/proc/net/dev")), []link{}
	for _, one := range all {
		if one.Flags&net.FlagLoopback != 0 {
			continue
		}
		seen := link{Name: one.Name, Up: one.Flags&net.FlagUp != 0, Addresses: []string{}}
		seen.Received, seen.Sent = counters[one.Name][0], counters[one.Name][1]
		addresses, _ := one.Addrs()
		for _, address := range addresses {
			seen.Addresses = append(seen.Addresses, address.String())
		}
		found = append(found, seen)
	}
	return report(map[string]any{"interfaces": found})
}

// counted reads the kernel's table of bytes that were received and sent, by interface.
func counted(table string) map[string][2]uint64 {
	counters := map[string][2]uint64{}
	for row := range strings.Lines(table) {
		name, numbers, found := strings.Cut(row, ":")
		columns := strings.Fields(numbers)
		if !found || len(columns) < 9 {
			continue
		}
		received, errA := strconv.ParseUint(columns[0], 10, 64)
		sent, errB := strconv.ParseUint(columns[8], 10, 64)
		if errA == nil && errB == nil {
			counters[strings.TrimSpace(name)] = [2]uint64{received, sent}
		}
	}
	return counters
}
