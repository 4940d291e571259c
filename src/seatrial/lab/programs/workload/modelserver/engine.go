package modelserver

import (
	"slices"
	"time"
)

// Costs is the latency model. A step works on all that run at once: it makes one token for each that decodes, and reads
// prompts, in parts where they are long. It takes
//
//	Step + PerSequence for each sequence but the first + PerPrompt for each token of a prompt
//	     + PerContext for each token that is looked back at + AdapterLoad for each adapter that is loaded
//
// give or take Jitter. The numbers are those of no real model.
type Costs struct {
	Step, PerSequence, PerPrompt, PerContext, AdapterLoad time.Duration
	Jitter                                                float64
}

// sequence is a request as the engine sees it.
type sequence struct {
	adapter     string
	since       int64  // when it came
	text        []byte // the prompt, then what was made
	prompt      int    // tokens
	want        int
	elsewhere   bool // whether the prompt was read by another server
	words       uint64
	made        int // tokens
	computed    int // tokens whose keys and values are there
	scheduled   int // tokens that this step computes
	cached      int
	preemptions int
	chain       chain
	filled      int // blocks that have their name
	held        []*block
	gone        bool
	out         *stream
}

// engine is continuous batching in virtual time: what a step takes is decided when it begins, so a late thread shifts nothing.
type engine struct {
	Costs
	slots, budget int // sequences that run at once; tokens that one step computes at most
	seed          uint64
	blocks        *blocks
	adapters      *adapters
	waiting       []*sequence
	running       []*sequence
	steps         uint64
	preempted     int64
}

// begin decides what a step works on that begins then, and how long it takes. Nothing to do takes no time.
func (e *engine) begin(at int64) (time.Duration, bool) {
	e.running = slices.DeleteFunc(e.running, e.left)
	e.waiting = slices.DeleteFunc(e.waiting, e.left)
	budget := e.budget
	preempted := e.goOn(&budget)
	loads := 0
	if !preempted {
		loads = e.letIn(at, &budget)
	}
	return e.takes(loads), len(e.running) > 0
}

func (e *engine) left(one *sequence) bool {
	if one.gone {
		e.blocks.release(one.held)
		one.held = nil
	}
	return one.gone
}

// goOn gives those that run their share. Where no block is left, the last one to come gives up its own and starts over.
func (e *engine) goOn(budget *int) (preempted bool) {
	for place := 0; place < len(e.running); place++ {
		one := e.running[place]
		one.scheduled = min(one.prompt+one.made-one.computed, *budget)
		for one.scheduled > 0 && !e.reserve(one) {
			last := e.running[len(e.running)-1]
			*budget += e.preempt(last)
			preempted = true
			if last == one {
				break
			}
		}
		*budget -= one.scheduled
	}
	return preempted
}

// preempt puts the last one back in front of those that wait, and returns what it had got of this step's budget.
func (e *engine) preempt(last *sequence) (returned int) {
	e.running = e.running[:len(e.running)-1]
	e.blocks.release(last.held)
	returned, last.scheduled = last.scheduled, 0
	last.held, last.computed, last.filled = nil, 0, 0
	last.preemptions++
	e.preempted++
	e.waiting = slices.Insert(e.waiting, 0, last)
	return returned
}

// letIn takes in whoever waits by then, in order, while there is room. One whose adapter cannot be loaded now lets others pass.
func (e *engine) letIn(at int64, budget *int) (loads int) {
	inUse := map[string]int{}
	for _, one := range e.running {
		inUse[one.adapter]++
	}
	var passed []*sequence
	for len(e.waiting) > 0 && e.waiting[0].since <= at && len(e.running) < e.slots && *budget > 0 {
		one := e.waiting[0]
		if one.adapter != "" {
			load, possible := e.adapters.use(one.adapter, inUse)
			if !possible {
				passed, e.waiting = append(passed, one), e.waiting[1:]
				continue
			}
			if load {
				loads++
			}
		}
		if !e.start(one, budget) {
			break
		}
		inUse[one.adapter]++
		e.running, e.waiting = append(e.running, one), e.waiting[1:]
	}
	e.waiting = append(passed, e.waiting...)
	return loads
}

// start finds what of the text is cached, and reserves room for what this step computes of the rest.
func (e *engine) start(one *sequence, budget *int) bool {
	one.chain.extend(one.text)
	length := one.prompt + one.made
	known := one.chain.names[:min(len(one.chain.names), (length-1)/blockTokens)] // one token at least has to be computed
	one.held = e.blocks.found(known)
	one.filled = len(one.held)
	one.computed = one.filled * blockTokens
	hits := one.computed
	if one.elsewhere {
		one.computed = length - 1
	}
	one.scheduled = min(length-one.computed, *budget)
	if !e.reserve(one) {
		e.blocks.release(one.held)
		one.held, one.computed, one.filled, one.scheduled = nil, 0, 0, 0
		return false
	}
	if one.made == 0 {
		one.cached = min(hits, one.prompt)
		if one.elsewhere {
			one.cached = one.prompt
		}
		e.blocks.queries += int64(one.prompt)
		e.blocks.hits += int64(hits)
	}
	*budget -= one.scheduled
	return true
}

// reserve takes hold of the blocks that a step needs for one sequence: all of them, or none.
func (e *engine) reserve(one *sequence) bool {
	needed := (one.computed+one.scheduled+blockTokens-1)/blockTokens - len(one.held)
	if needed > e.blocks.free() {
		return false
	}
	for range needed {
		one.held = append(one.held, e.blocks.fresh())
	}
	for ; one.filled < (one.computed+one.scheduled)/blockTokens && one.filled < len(one.chain.names); one.filled++ {
		e.blocks.fill(one.held[one.filled], one.chain.names[one.filled])
	}
	return true
}

func (e *engine) takes(loads int) time.Duration {
	sequences, prompts, context := 0, 0, 0
	for _, one := range e.running {
		if one.scheduled == 0 {
			continue
		}
		sequences++
		context += one.computed
		if one.scheduled > 1 || one.made == 0 && !one.elsewhere {
			prompts += one.scheduled
		}
	}
	if sequences == 0 {
		return 0
	}
	e.steps++
	spent := e.Step + time.Duration(sequences-1)*e.PerSequence + time.Duration(prompts)*e.PerPrompt +
		time.Duration(context)*e.PerContext + time.Duration(loads)*e.AdapterLoad
	return spent + time.Duration(float64(spent)*e.Jitter*even(e.seed, e.steps))
}

// end is what has become of a step: those that have a token more.
func (e *engine) end() (made []*sequence) {
	for _, one := range e.running {
		one.computed += one.scheduled
		one.scheduled = 0
		if one.gone || one.computed < one.prompt+one.made {
			continue
		}
		one.text = appendWords(one.text, one.words, one.made, one.made+1)
		one.chain.extend(one.text)
		one.made++
		made = append(made, one)
		if one.made == one.want {
			one.gone = true // its blocks are let go before the next step
		}
	}
	return made
}

// even is a number between -1 and 1, the same for the same seed and place.
func even(seed, place uint64) float64 {
	return float64(mixed(seed+(place+1)*golden)>>11)/(1<<52) - 1
}
