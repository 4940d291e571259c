package modelserver

import (
	"encoding/json"
	"fmt"
	"time"
)

// envelope is what is around the text of each event: it is put together once for each stream, not for each token.
type envelope struct {
	begin, opening, goesOn, isOver []byte
	chat                           bool
}

var (
	data     = []byte("data: ")
	endEvent = []byte("\n\n")
	done     = []byte("data: [DONE]\n\n")

	firstChoice = []byte(`{"index":0,`)
	ofText      = []byte(`"text":"`)
	ofChat      = []byte(`"delta":{"content":"`)
	roleOnly    = []byte(`"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`)
	textOnly    = []byte(`"text":"","logprobs":null,"finish_reason":null}]}`)
)

func newEnvelope(s *stream) envelope {
	kind, opening, closing := "text_completion", ofText, `"`
	if s.chat {
		kind, opening, closing = "chat.completion.chunk", ofChat, `"}`
	}
	begin := fmt.Appendf(nil, `{"id":%s,"object":"%s","created":%d,"model":%s,"choices":[`,
		encoded(s.record.ID), kind, s.record.ArrivedWall/int64(time.Second), encoded(s.record.Model))
	closing += `,"logprobs":null,"finish_reason":`
	return envelope{begin, opening, []byte(closing + "null}]}"), []byte(closing + `"` + s.reason + `"}]}`), s.chat}
}

func (e envelope) text(text []byte, over bool) [][]byte {
	closing := e.goesOn
	if over {
		closing = e.isOver
	}
	return [][]byte{data, e.begin, firstChoice, e.opening, text, closing, endEvent}
}

// role is the event with which a chat begins: it has no text yet.
func (e envelope) role() [][]byte {
	if !e.chat {
		return [][]byte{data, e.begin, firstChoice, textOnly, endEvent}
	}
	return [][]byte{data, e.begin, firstChoice, roleOnly, endEvent}
}

func (e envelope) usage(usage []byte) [][]byte {
	return [][]byte{data, e.begin, []byte(`],"usage":`), usage, []byte("}"), endEvent}
}

func (e envelope) broken() [][]byte { return [][]byte{data, e.begin, endEvent} }

func encoded(what any) []byte {
	text, err := json.Marshal(what)
	if err != nil {
		panic(err) // only values of our own come here, all of which can be encoded
	}
	return text
}
