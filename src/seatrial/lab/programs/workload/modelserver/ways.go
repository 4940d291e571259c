package modelserver

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	waysHeader = "X-Misbehave"
	waysMark   = "!" // in a model's name, for clients that cannot send headers
	half       = -1  // of the tokens, where it is not said after how many
)

// ways is how an answer goes wrong, because somebody asked for it: to see whether a client notices.
type ways struct {
	text       string
	status     int           // instead of an answer
	after      time.Duration // Retry-After
	ends       ending
	endsAt     int           // after so many tokens
	together   int           // tokens in one event
	stall      time.Duration // before a token
	stallAt    int
	slowHead   time.Duration // that the header takes, in pieces
	emptyFirst time.Duration // when an event without text comes
	hasEmpty   bool
	brokenAt   int // the event that is no JSON
	broken     bool
	cut        bool // every event comes in two pieces
	comments   bool // in front of every event
	noDone     bool
	noFinish   bool
	noUsage    bool
}

// ending is how an answer ends too early.
type ending int

const (
	properly    ending = iota
	withError          // an event that tells of an error
	withoutWord        // as if it were complete, but without any token
	truncated          // the connection is closed
	reset              // the connection is reset
	halfClosed         // nothing more is sent, and the connection stays half open
	silent             // nothing more is sent
)

var endings = map[string]ending{
	"error-event": withError, "truncate": truncated, "reset": reset, "half-close": halfClosed, "silence": silent,
}

// parseWays reads what is written as name, name=value or name=value@tokens, with commas between.
func parseWays(text string) (ways, error) {
	found := ways{text: text, together: 1}
	if text == "" {
		return found, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		set := settings[name]
		if set == nil {
			return found, wrong{http.StatusBadRequest, "", fmt.Sprintf(
				"there is no misbehaviour %q: %s", name, strings.Join(slices.Sorted(maps.Keys(settings)), ", "))}
		}
		if err := set(&found, value); err != nil {
			return found, wrong{http.StatusBadRequest, "", fmt.Sprintf("misbehaviour %s: %v", part, err)}
		}
	}
	return found, nil
}

var settings = map[string]func(*ways, string) error{
	"no-tokens": func(w *ways, _ string) error { w.ends, w.endsAt = withoutWord, 0; return nil },
	"no-done":   func(w *ways, _ string) error { w.noDone = true; return nil },
	"no-finish": func(w *ways, _ string) error { w.noFinish = true; return nil },
	"no-usage":  func(w *ways, _ string) error { w.noUsage = true; return nil },
	"comments":  func(w *ways, _ string) error { w.comments = true; return nil },
	"split":     func(w *ways, _ string) error { w.cut = true; return nil },
	"bad-json": func(w *ways, value string) (err error) {
		w.broken = true
		w.brokenAt, err = count(value, half)
		return err
	},
	"coalesce": func(w *ways, value string) (err error) {
		w.together, err = count(value, 4)
		w.together = max(w.together, 1)
		return err
	},
	"empty-first": func(w *ways, value string) (err error) {
		w.hasEmpty = true
		w.emptyFirst, err = span(value)
		return err
	},
	"slow-headers": func(w *ways, value string) (err error) {
		w.slowHead, err = span(value)
		return err
	},
	"stall": func(w *ways, value string) (err error) {
		value, at, _ := strings.Cut(value, "@")
		if w.stallAt, err = count(at, half); err == nil {
			w.stall, err = span(value)
		}
		return err
	},
	"status": func(w *ways, value string) (err error) {
		value, after, _ := strings.Cut(value, "@")
		if w.status, err = count(value, http.StatusTooManyRequests); err != nil || after == "" {
			return err
		}
		w.after, err = span(after)
		return err
	},
}

func init() {
	for name, how := range endings {
		settings[name] = func(w *ways, value string) (err error) {
			w.ends = how
			w.endsAt, err = count(value, half)
			return err
		}
	}
}

func count(text string, unlessSaid int) (int, error) {
	if text == "" {
		return unlessSaid, nil
	}
	number, err := strconv.ParseUint(text, 10, 24)
	return int(number), err
}

func span(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	length, err := time.ParseDuration(text)
	if err == nil && (length < 0 || length > time.Hour) {
		err = fmt.Errorf("%s is not between 0 and an hour", length)
	}
	return length, err
}

// of settles what depends on how many tokens there are.
func (w ways) of(tokens int) ways {
	for _, place := range []*int{&w.endsAt, &w.stallAt, &w.brokenAt} {
		if *place == half {
			*place = tokens / 2
		}
		*place = min(*place, tokens-1)
	}
	w.together = max(w.together, 1)
	return w
}

// delay is how much later than made a token is written.
func (w ways) delay(place int) time.Duration {
	if w.stall > 0 && place >= w.stallAt {
		return w.stall
	}
	return 0
}
