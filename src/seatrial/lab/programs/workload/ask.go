package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"seatrial.dev/lab/workload/modelserver"
)

// asked is what became of the conversations of one run.
type asked struct {
	Run      string              `json:"run"`
	Sessions map[string][]string `json:"sessions"` // conversation → who answered its turns; "" where nobody did
	Cached   int                 `json:"cached_tokens"`
	Prompted int                 `json:"prompt_tokens"`
	Trouble  map[string]int      `json:"trouble"`
	Seconds  float64             `json:"seconds"`
}

// converse holds conversations with a model: by turns, one request after the other, each beginning as its last one did.
func converse(args []string) int {
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	run := flags.String("run", "run", "what marks its requests; conversations of different runs share nothing")
	sessions := flags.Int("sessions", 1, "how many conversations")
	turns := flags.Int("turns", 1, "how many requests in each")
	prompt := flags.Int("prompt", 4096, "how many characters a conversation begins with")
	answers := flags.Int("tokens", 4, "how many tokens to ask for")
	together := flags.Bool("together", false, "send all requests at once")
	within := flags.Duration("within", getWithin, "how long one request may take")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 || *sessions < 1 || *turns < 1 {
		return misused(errors.New("ask needs one URL, after its flags, and at least one conversation with one turn"))
	}
	one := asker{url: flags.Arg(0), run: *run, prompt: *prompt, tokens: *answers}
	one.client = &http.Client{Timeout: *within, Transport: &http.Transport{DisableKeepAlives: true}}
	begun := time.Now()
	result := one.hold(*sessions, *turns, *together)
	result.Seconds = time.Since(begun).Seconds()
	return report(result)
}

type asker struct {
	url, run       string
	prompt, tokens int
	client         *http.Client
}

// replied is the answer to one turn.
type replied struct {
	session          string
	turn             int
	who, trouble     string
	cached, prompted int
}

func (a asker) hold(sessions, turns int, together bool) asked {
	result := asked{Run: a.run, Sessions: map[string][]string{}, Trouble: map[string]int{}}
	replies := make(chan replied, sessions*turns)
	for turn := range turns {
		for session := range sessions {
			if together {
				go func() { replies <- a.turn(session, turn) }()
			} else {
				replies <- a.turn(session, turn)
			}
		}
	}
	for range sessions * turns {
		reply := <-replies
		if result.Sessions[reply.session] == nil {
			result.Sessions[reply.session] = make([]string, turns)
		}
		result.Sessions[reply.session][reply.turn] = reply.who
		result.Cached += reply.cached
		result.Prompted += reply.prompted
		if reply.trouble != "" {
			result.Trouble[reply.trouble]++
		}
	}
	return result
}

func (a asker) turn(session, turn int) replied {
	reply := replied{session: fmt.Sprintf("%s-%d", a.run, session), turn: turn}
	begin := strings.Repeat(reply.session+" ", a.prompt/(len(reply.session)+1)+1)[:a.prompt]
	body, err := json.Marshal(map[string]any{
		"model": "simulated", "prompt": fmt.Sprintf("%s turn %d", begin, turn), "max_tokens": a.tokens,
	})
	if err != nil {
		reply.trouble = err.Error()
		return reply
	}
	made, err := request(a.url, string(body), "", http.Header{
		modelserver.RunHeader: {a.run}, modelserver.IDHeader: {fmt.Sprintf("%s-%d", reply.session, turn)},
	})
	if err != nil {
		reply.trouble = err.Error()
		return reply
	}
	reply.read(a.client.Do(made))
	return reply
}

func (r *replied) read(response *http.Response, err error) {
	if err != nil {
		r.trouble = reason(err)
		return
	}
	defer response.Body.Close()
	var said struct {
		Usage struct {
			Prompted int `json:"prompt_tokens"`
			Details  struct {
				Cached int `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
		} `json:"usage"`
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, longestBody))
	switch {
	case err != nil:
		r.trouble = reason(err)
	case response.StatusCode != http.StatusOK:
		r.trouble = fmt.Sprintf("status %d", response.StatusCode)
	case json.Unmarshal(body, &said) != nil:
		r.trouble = "the answer is no JSON"
	default:
		r.who, r.cached, r.prompted = response.Header.Get(answeredBy), said.Usage.Details.Cached, said.Usage.Prompted
	}
}
