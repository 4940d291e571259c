package modelserver

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Asked is a request in the shape of OpenAI's API, as far as it matters here.
type Asked struct {
	Model         string    `json:"model"`
	Prompt        prompt    `json:"prompt"`
	Messages      []message `json:"messages,omitempty"`
	MaxTokens     *int      `json:"max_tokens,omitempty"`
	MaxCompletion *int      `json:"max_completion_tokens,omitempty"`
	Stream        bool      `json:"stream,omitempty"`
	Options       *struct {
		Usage bool `json:"include_usage"`
	} `json:"stream_options,omitempty"`
	Choices   *int      `json:"n,omitempty"`
	IgnoreEnd bool      `json:"ignore_eos,omitempty"`
	Transfer  *Transfer `json:"kv_transfer_params,omitempty"`
}

// message is a turn of a chat. Its content may come in parts, of which those of text count.
type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

// prompt is text, a list with one text, or a list of token ids, each of which stands for as many bytes as a token has here.
type prompt string

func (p *prompt) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`"`)) {
		return json.Unmarshal(raw, (*string)(p))
	}
	var ids []uint32
	if json.Unmarshal(raw, &ids) == nil {
		packed := make([]byte, 0, len(ids)*charactersPerToken)
		for _, id := range ids {
			packed = binary.BigEndian.AppendUint32(packed, id)
		}
		*p = prompt(packed)
		return nil
	}
	var texts []string
	if err := json.Unmarshal(raw, &texts); err != nil || len(texts) != 1 {
		return fmt.Errorf("the prompt has to be a text, a list with one text, or a list of token ids")
	}
	*p = prompt(texts[0])
	return nil
}

type content string

func (c *content) UnmarshalJSON(raw []byte) error {
	if !bytes.HasPrefix(raw, []byte(`[`)) {
		return json.Unmarshal(raw, (*string)(c)) // null, too, is no content
	}
	var parts []struct {
		Text string `json:"text"`
	}
	err := json.Unmarshal(raw, &parts)
	for _, part := range parts {
		*c += content(part.Text)
	}
	return err
}

// text is what the model reads. A chat is laid out so that a later turn begins as the earlier one ended.
func (a *Asked) text() string {
	if len(a.Messages) == 0 {
		return string(a.Prompt)
	}
	var text strings.Builder
	for _, one := range a.Messages {
		text.WriteString(one.Role + ": " + string(one.Content) + "\n")
	}
	text.WriteString("assistant: ")
	return text.String()
}

// tokens is how long the answer is to be.
func (a *Asked) tokens(unlessAsked int) int {
	switch {
	case a.MaxCompletion != nil:
		return *a.MaxCompletion
	case a.MaxTokens != nil:
		return *a.MaxTokens
	}
	return unlessAsked
}

// understood reads a request and refuses what is not simulated.
func understood(body []byte, chat bool) (*Asked, error) {
	asked := new(Asked)
	if err := json.Unmarshal(body, asked); err != nil {
		return nil, wrong{http.StatusBadRequest, "", "the request is not understood: " + err.Error()}
	}
	switch {
	case chat && len(asked.Messages) == 0 && asked.Prompt == "":
		return nil, wrong{http.StatusBadRequest, "", "a chat needs messages"}
	case asked.Choices != nil && *asked.Choices != 1:
		return nil, wrong{http.StatusBadRequest, "", "one choice is simulated, not several: leave n out"}
	case asked.tokens(1) < 0:
		return nil, wrong{http.StatusBadRequest, "", "max_tokens is negative"}
	case asked.Options != nil && !asked.Stream:
		return nil, wrong{http.StatusBadRequest, "", "stream_options go with stream"}
	}
	return asked, nil
}

func tokensIn(text string) int { return (len(text) + charactersPerToken - 1) / charactersPerToken }
