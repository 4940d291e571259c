package modelserver

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"sync"
)

// Record is what the server did for one request. Times are nanoseconds of CLOCK_MONOTONIC, 0 where it never came to that;
// a token counts as written from just before the kernel got it: no client can have had it earlier.
type Record struct {
	Seq         int64   `json:"seq"`
	ID          string  `json:"id"`
	Run         string  `json:"run,omitempty"`
	Peer        string  `json:"peer"`
	Endpoint    string  `json:"endpoint"`
	Model       string  `json:"model"`
	Adapter     string  `json:"adapter,omitempty"`
	Stream      bool    `json:"stream"`
	Status      int     `json:"status"`
	Reason      string  `json:"finish_reason,omitempty"`
	Outcome     string  `json:"outcome"` // complete, client-gone, refused, or how it misbehaved
	Error       string  `json:"error,omitempty"`
	PromptHash  string  `json:"prompt_hash"`
	Prompt      int     `json:"prompt_tokens"`
	Cached      int     `json:"cached_tokens"`
	Tokens      int     `json:"completion_tokens"` // that were written
	Events      int     `json:"events"`            // with tokens in them
	Preemptions int     `json:"preemptions,omitempty"`
	ArrivedWall int64   `json:"arrived_wall_ns"`
	Arrived     int64   `json:"arrived_ns"` // the last of its bytes, by the kernel's stamp
	Read        int64   `json:"read_ns"`
	Begun       int64   `json:"begun_ns"` // no longer in the queue
	Headers     int64   `json:"headers_ns"`
	FirstDue    int64   `json:"first_due_ns"`
	First       int64   `json:"first_ns"`
	Last        int64   `json:"last_ns"`
	Finished    int64   `json:"finished_ns"`
	LateMax     int64   `json:"late_max_ns"`
	GapMin      int64   `json:"gap_min_ns"`
	GapMax      int64   `json:"gap_max_ns"`
	EveryToken  []int64 `json:"tokens_ns,omitempty"` // since it arrived
	Picked      string  `json:"picked,omitempty"`
	Asked       string  `json:"-"` // the id, where the request came with one
}

// token notes that n tokens were written in one event.
func (r *Record) token(n int, due, at int64, every bool) {
	if r.First == 0 {
		r.First, r.FirstDue = at, due
	} else {
		gap := at - r.Last
		r.GapMax = max(r.GapMax, gap)
		if r.GapMin == 0 || gap < r.GapMin {
			r.GapMin = gap
		}
	}
	r.Last = at
	r.LateMax = max(r.LateMax, at-due)
	r.Tokens += n
	r.Events++
	for range n {
		if every {
			r.EveryToken = append(r.EveryToken, at-r.Arrived)
		}
	}
}

// truth keeps the latest records, and writes all of them to a file where there is one.
type truth struct {
	lock    sync.Mutex
	kept    []*Record
	keep    int
	next    int64
	file    chan *Record
	written sync.WaitGroup
}

func newTruth(keep int) *truth { return &truth{keep: keep, next: 1} }

// to opens the file. A goroutine of its own writes it, so that no disk holds up the loop.
func (t *truth) to(path string, failed func(error)) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	t.file = make(chan *Record, 1<<16)
	t.written.Add(1)
	go func() {
		defer t.written.Done()
		out := bufio.NewWriterSize(file, 1<<20)
		lines := json.NewEncoder(out)
		for record := range t.file {
			err := lines.Encode(record)
			if err == nil && len(t.file) == 0 {
				err = out.Flush()
			}
			if err != nil {
				failed(fmt.Errorf("the truth: %w", err))
				break
			}
		}
		for range t.file { // after a failure nobody may wait
		}
		_ = out.Flush()
		_ = file.Close()
	}()
	return nil
}

func (t *truth) close() {
	if t.file != nil {
		close(t.file)
		t.written.Wait()
	}
}

func (t *truth) add(record *Record) {
	t.lock.Lock()
	record.Seq = t.next
	t.next++
	t.kept = append(t.kept, record)
	if len(t.kept) > t.keep+t.keep/8 { // in large steps, since all the rest moves
		t.kept = append([]*Record(nil), t.kept[len(t.kept)-t.keep:]...)
	}
	t.lock.Unlock()
	if t.file != nil {
		t.file <- record
	}
}

// since returns up to so many records from a number on, in the order in which their requests ended, and where to go on.
func (t *truth) since(first int64, limit int) (records []*Record, next, oldest int64) {
	t.lock.Lock()
	defer t.lock.Unlock()
	place := sort.Search(len(t.kept), func(i int) bool { return t.kept[i].Seq >= first })
	records = t.kept[place:min(len(t.kept), place+limit)]
	oldest, next = t.next, max(first, 1)
	if len(t.kept) > 0 {
		oldest = t.kept[0].Seq
	}
	if len(records) > 0 {
		next = records[len(records)-1].Seq + 1
	}
	return records, next, oldest
}

// write gives one line about the server, then one for each record.
func (t *truth) write(to io.Writer, about map[string]any, since, limit string) error {
	first, _ := strconv.ParseInt(since, 10, 64)
	most, err := strconv.Atoi(limit)
	if err != nil || most < 1 {
		most = 100_000
	}
	records, next, oldest := t.since(first, most)
	about["records"], about["next"], about["oldest"] = len(records), next, oldest
	lines := json.NewEncoder(to)
	if err := lines.Encode(about); err != nil {
		return err
	}
	for _, record := range records {
		if err := lines.Encode(record); err != nil {
			return err
		}
	}
	return nil
}
