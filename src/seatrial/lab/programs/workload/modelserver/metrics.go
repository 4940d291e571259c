package modelserver

import (
	"fmt"
	"strconv"
)

const second = 1e9

// The bounds are vLLM's own: whoever has dashboards and rules for those can use them here.
var (
	firstTokenBounds = []float64{
		0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
	}
	perTokenBounds = []float64{
		0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
	}
	requestBounds = []float64{
		0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
	}
	lengthBounds = []float64{
		1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000,
	}
	stepBounds = []float64{1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384}
)

// buckets is a histogram as Prometheus has it.
type buckets struct {
	bounds []float64
	counts []int64
	all    int64
	sum    float64
}

func newBuckets(bounds []float64) *buckets {
	return &buckets{bounds: bounds, counts: make([]int64, len(bounds))}
}

func (b *buckets) add(value float64) {
	b.all++
	b.sum += value
	for place, bound := range b.bounds {
		if value <= bound {
			b.counts[place]++ // summed up when they are written
			return
		}
	}
}

// metrics is what vLLM counts, as far as it means something here.
type metrics struct {
	firstToken, betweenTokens, perToken, wholeRequest, queued, prefill, decode, inference *buckets
	promptLength, answerLength, stepLength                                                *buckets
	prompts, generated                                                                    int64
	ended                                                                                 map[string]int64 // by finish reason
}

func newMetrics() *metrics {
	return &metrics{
		firstToken: newBuckets(firstTokenBounds), betweenTokens: newBuckets(perTokenBounds), perToken: newBuckets(perTokenBounds),
		wholeRequest: newBuckets(requestBounds), queued: newBuckets(requestBounds), prefill: newBuckets(requestBounds),
		decode: newBuckets(requestBounds), inference: newBuckets(requestBounds),
		promptLength: newBuckets(lengthBounds), answerLength: newBuckets(lengthBounds), stepLength: newBuckets(stepBounds),
		ended: map[string]int64{"stop": 0, "length": 0, "abort": 0},
	}
}

// token is told before the record is.
func (m *metrics) token(record *Record, n int, at int64) {
	m.generated += int64(n)
	if record.First == 0 {
		m.prompts += int64(record.Prompt)
		m.firstToken.add(float64(at-record.Arrived) / second)
		return
	}
	for range n {
		m.betweenTokens.add(float64(at-record.Last) / second / float64(n))
	}
}

func (m *metrics) step(e *engine) {
	tokens := 0
	for _, one := range e.running {
		tokens += one.scheduled
	}
	m.stepLength.add(float64(tokens))
}

func (m *metrics) finished(record *Record) {
	if record.Outcome == clientGone {
		m.ended["abort"]++
		return
	}
	m.ended[record.Reason]++
	m.wholeRequest.add(float64(record.Finished-record.Arrived) / second)
	m.queued.add(float64(record.Begun-record.Arrived) / second)
	m.promptLength.add(float64(record.Prompt))
	m.answerLength.add(float64(record.Tokens))
	if record.First == 0 {
		return
	}
	m.prefill.add(float64(record.First-record.Begun) / second)
	m.decode.add(float64(record.Last-record.First) / second)
	m.inference.add(float64(record.Last-record.Begun) / second)
	if record.Tokens > 1 {
		m.perToken.add(float64(record.Last-record.First) / second / float64(record.Tokens-1))
	}
}

// exposition puts numbers into the text that Prometheus reads.
type exposition struct {
	text   []byte
	labels string
}

func (x *exposition) head(name, kind, help string) {
	x.text = fmt.Appendf(x.text, "# HELP vllm:%s %s\n# TYPE vllm:%s %s\n", name, help, name, kind)
}

func (x *exposition) value(name, more string, value float64) {
	x.text = fmt.Appendf(x.text, "vllm:%s{%s%s} %s\n", name, x.labels, more, strconv.FormatFloat(value, 'g', -1, 64))
}

func (x *exposition) one(name, kind, help string, value float64) {
	x.head(name, kind, help)
	x.value(name, "", value)
}

func (x *exposition) histogram(name, help string, from *buckets) {
	x.head(name, "histogram", help)
	so := int64(0)
	for place, bound := range from.bounds {
		so += from.counts[place]
		x.value(name+"_bucket", fmt.Sprintf(`,le="%s"`, strconv.FormatFloat(bound, 'f', -1, 64)), float64(so))
	}
	x.value(name+"_bucket", `,le="+Inf"`, float64(from.all))
	x.value(name+"_count", "", float64(from.all))
	x.value(name+"_sum", "", from.sum)
}
