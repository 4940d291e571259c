package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const answeredBy = "X-Answered-By" // the header in which serve says who it is

// tally is what became of a burst of requests.
type tally struct {
	URL        string         `json:"url"`
	Sent       int            `json:"sent"`
	Status     map[string]int `json:"status"`
	AnsweredBy map[string]int `json:"answered_by"` // answers of 200, by who gave them
	Errors     map[string]int `json:"errors"`      // requests without any answer
	Seconds    float64        `json:"seconds"`
	Settled    bool           `json:"settled"` // whether what the burst was to wait for came about
	Waited     float64        `json:"waited"`
}

// sign is what a burst waits for before it counts: a gateway needs a moment to heed a new route.
type sign struct {
	status string // such as 200 or 5xx
	who    string
	within time.Duration
}

const (
	steady = 20 // answers in a row by one server, before it counts as the only one
	breath = 50 * time.Millisecond
)

// headers collects the values of a flag that is given more than once, as Name=value.
type headers http.Header

func (h headers) String() string { return "" }

func (h headers) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found || name == "" {
		return errors.New("write a header as Name=value")
	}
	http.Header(h).Add(name, value)
	return nil
}

// burst sends so many requests and reports who answered them. It ends well when all were sent, whatever the answers.
func burst(args []string) int {
	flags := flag.NewFlagSet("burst", flag.ContinueOnError)
	count := flags.Int("count", 1, "how many requests")
	parallel := flags.Int("parallel", 4, "how many at once")
	host := flags.String("host", "", "the Host header, where it is not that of the URL")
	body := flags.String("body", "", "what to POST; without it the requests are GETs")
	within := flags.Duration("within", getWithin, "how long one request may take")
	status := flags.String("wait-for", "", "first wait for an answer of this status, such as 200 or 5xx")
	who := flags.String("wait-by", "", "first wait until answers come from this server alone")
	patience := flags.Duration("patience", 30*time.Second, "how long to wait for that")
	extra := headers{}
	flags.Var(extra, "header", "a header as Name=value; may be repeated")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 || *count < 1 || *parallel < 1 {
		return misused(errors.New("burst needs one URL, after its flags, and at least one request"))
	}
	if _, err := request(flags.Arg(0), *body, *host, http.Header(extra)); err != nil {
		return misused(err)
	}
	client := &http.Client{Timeout: *within, Transport: &http.Transport{MaxIdleConnsPerHost: *parallel}}
	send := func() (*http.Response, error) {
		made, err := request(flags.Arg(0), *body, *host, http.Header(extra))
		if err != nil {
			return nil, err
		}
		return client.Do(made)
	}
	begun := time.Now()
	settled := sign{*status, *who, *patience}.seen(send)
	waited := time.Since(begun).Seconds()
	result := tallied(*count, *parallel, send)
	result.URL, result.Settled, result.Waited = flags.Arg(0), settled, waited
	return report(result)
}

type sender func() (*http.Response, error)

// seen sends one request after the other until the sign shows, or the time is up.
func (s sign) seen(send sender) bool {
	if s.status == "" && s.who == "" {
		return true
	}
	needed := 1
	if s.who != "" {
		needed = steady
	}
	for end, row := time.Now().Add(s.within), 0; time.Now().Before(end); {
		status, who, failure := outcome(send())
		if failure == "" && s.fits(status, who) {
			if row++; row == needed {
				return true
			}
			continue
		}
		row = 0
		time.Sleep(breath)
	}
	return false
}

func (s sign) fits(status int, who string) bool {
	text := fmt.Sprint(status)
	for place, wanted := range s.status {
		if place >= len(text) || (wanted != 'x' && rune(text[place]) != wanted) {
			return false
		}
	}
	return s.who == "" || who == s.who
}

func request(url, body, host string, extra http.Header) (*http.Request, error) {
	method, content := http.MethodGet, io.Reader(nil)
	if body != "" {
		method, content = http.MethodPost, bytes.NewReader([]byte(body))
	}
	made, err := http.NewRequest(method, url, content)
	if err != nil {
		return nil, err
	}
	if body != "" {
		made.Header.Set("Content-Type", "application/json")
	}
	for name, values := range extra {
		made.Header[name] = values
	}
	made.Host = host
	return made, nil
}

func tallied(count, parallel int, send sender) tally {
	result := tally{Sent: count, Status: map[string]int{}, AnsweredBy: map[string]int{}, Errors: map[string]int{}}
	begun := time.Now()
	var lock sync.Mutex
	var all sync.WaitGroup
	turns := make(chan struct{}, count)
	for range count {
		turns <- struct{}{}
	}
	close(turns)
	for range parallel {
		all.Add(1)
		go func() {
			defer all.Done()
			for range turns {
				status, who, failure := outcome(send())
				lock.Lock()
				result.count(status, who, failure)
				lock.Unlock()
			}
		}()
	}
	all.Wait()
	result.Seconds = time.Since(begun).Seconds()
	return result
}

func (t *tally) count(status int, who, failure string) {
	if failure != "" {
		t.Errors[failure]++
		return
	}
	t.Status[fmt.Sprint(status)]++
	if status == http.StatusOK {
		t.AnsweredBy[who]++
	}
}

// outcome reads an answer to its end, so that its connection can be used again.
func outcome(response *http.Response, err error) (status int, who, failure string) {
	if err != nil {
		return 0, "", reason(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, "", reason(err)
	}
	return response.StatusCode, response.Header.Get(answeredBy), ""
}

// reason leaves out the URL, which is the same for all.
func reason(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
