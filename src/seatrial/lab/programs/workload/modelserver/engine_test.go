package modelserver

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func engineOf(slots, budget, room int) *engine {
	return &engine{
		Costs: Costs{Step: 1000, PerSequence: 100, PerPrompt: 10, AdapterLoad: 5000}, slots: slots, budget: budget, seed: 1,
		blocks: newBlocks(room), adapters: &adapters{served: []string{"a", "b", "c"}, most: 2},
	}
}

// wants is a sequence with a prompt of so many tokens, unlike that of any other letter.
func wants(letter string, prompt, tokens int) *sequence {
	return &sequence{text: []byte(strings.Repeat(letter, prompt*charactersPerToken)), prompt: prompt, want: tokens}
}

// played runs steps until all is done: what each took, and when in virtual time each sequence had its last token.
func played(t *testing.T, e *engine) (took []time.Duration, ended map[*sequence]time.Duration) {
	t.Helper()
	ended = map[*sequence]time.Duration{}
	now := time.Duration(0)
	for range 10_000 {
		step, some := e.begin(0)
		if !some {
			return took, ended
		}
		took = append(took, step)
		now += step
		for _, one := range e.end() {
			ended[one] = now
		}
	}
	t.Fatal("it does not end")
	return nil, nil
}

func TestAStepCostsWhatIsStated(t *testing.T) {
	e := engineOf(4, 8192, 100)
	e.waiting = []*sequence{wants("x", 20, 3), wants("y", 10, 1)}
	took, _ := played(t, e)
	if wanted := []time.Duration{1000 + 100 + 300, 1000, 1000}; !slices.Equal(took, wanted) {
		t.Errorf("%v", took)
	}
	if e.blocks.held != 0 || e.preempted != 0 {
		t.Errorf("%d blocks are held, %d preempted", e.blocks.held, e.preempted)
	}
}

func TestLongPromptsAreReadInParts(t *testing.T) {
	e := engineOf(4, 8, 100)
	short, long := wants("x", 2, 4), wants("y", 20, 1)
	e.waiting = []*sequence{short, long}
	took, ended := played(t, e)
	// 2+6, then one token of the short one beside 7 of the long one twice: that is all 20
	if wanted := []time.Duration{1000 + 100 + 80, 1000 + 100 + 70, 1000 + 100 + 70, 1000}; !slices.Equal(took, wanted) {
		t.Errorf("%v", took)
	}
	if ended[long] >= ended[short] {
		t.Errorf("%v", ended)
	}
}

func TestWhoeverComesLastWaits(t *testing.T) {
	e := engineOf(1, 8192, 100)
	first, second := wants("x", 4, 5), wants("y", 4, 1)
	e.waiting = []*sequence{first, second}
	_, ended := played(t, e)
	if ended[first] != 5040 || ended[second] != 5040+1040 {
		t.Errorf("%v", ended)
	}
}

func TestWhoeverComesLaterIsNoPartOfAStep(t *testing.T) {
	e := engineOf(4, 8192, 100)
	late := wants("x", 1, 1)
	late.since = 5
	e.waiting = []*sequence{late}
	if _, some := e.begin(4); some {
		t.Error("it ran before it came")
	}
	if _, some := e.begin(5); !some {
		t.Error("it did not run")
	}
}

func TestWithoutBlocksTheLastOneStartsOver(t *testing.T) {
	e := engineOf(4, 8192, 4)
	first, second := wants("x", 16, 32), wants("y", 16, 20)
	e.waiting = []*sequence{first, second}
	_, ended := played(t, e)
	if e.preempted == 0 || second.preemptions != int(e.preempted) || first.preemptions != 0 || ended[first] >= ended[second] {
		t.Errorf("preempted %d, %d and %d times, %v", e.preempted, first.preemptions, second.preemptions, ended)
	}
	if first.made != 32 || second.made != 20 || e.blocks.held != 0 {
		t.Errorf("made %d and %d, %d blocks are held", first.made, second.made, e.blocks.held)
	}
}

func TestWhatIsCachedIsNotReadAgain(t *testing.T) {
	e := engineOf(4, 8192, 100)
	e.waiting = []*sequence{wants("x", 33, 1)}
	played(t, e)
	again := wants("x", 40, 1)
	e.waiting = []*sequence{again}
	took, _ := played(t, e)
	if again.cached != 32 || took[0] != 1000+80 || e.blocks.hits != 32 || e.blocks.queries != 73 {
		t.Errorf("%d cached, %v, %d of %d", again.cached, took, e.blocks.hits, e.blocks.queries)
	}
}

func TestWhatAnotherServerReadIsNotReadAgain(t *testing.T) {
	e := engineOf(4, 8192, 100)
	one := wants("x", 33, 2)
	one.elsewhere = true
	e.waiting = []*sequence{one}
	took, _ := played(t, e)
	if wanted := []time.Duration{1000, 1000}; !slices.Equal(took, wanted) || one.cached != 33 {
		t.Errorf("%v, %d cached", took, one.cached)
	}
}

func TestAdaptersAreLoadedAsFarAsThereIsRoom(t *testing.T) {
	e := engineOf(8, 8192, 100)
	for _, adapter := range []string{"a", "b", "c", ""} {
		one := wants("x", 1, 2)
		one.adapter = adapter
		e.waiting = append(e.waiting, one)
	}
	third := e.waiting[2]
	if step, _ := e.begin(0); step != 1000+2*100+30+2*5000 {
		t.Errorf("%v with two adapters to load", step)
	}
	if named(e.waiting) != "c" || named(e.running) != "a,b" {
		t.Errorf("%s waits, %s run", named(e.waiting), named(e.running))
	}
	e.end()
	if _, ended := played(t, e); ended[third] == 0 {
		t.Error("the third never ran")
	}
	if !slices.Equal(e.adapters.loaded, []string{"b", "c"}) {
		t.Errorf("%v are loaded", e.adapters.loaded)
	}
}

func TestWhoeverHasGoneHoldsNothing(t *testing.T) {
	e := engineOf(4, 8192, 100)
	one := wants("x", 100, 100)
	e.waiting = []*sequence{one}
	e.begin(0)
	one.gone = true
	e.end()
	if _, some := e.begin(0); some || e.blocks.held != 0 {
		t.Errorf("%d blocks are held", e.blocks.held)
	}
}

func TestJitterIsBoundedAndTheSameForTheSameSeed(t *testing.T) {
	play := func(seed uint64) []time.Duration {
		e := engineOf(4, 8192, 100)
		e.Jitter, e.seed = 0.1, seed
		e.waiting = []*sequence{wants("x", 1, 200)}
		took, _ := played(t, e)
		return took
	}
	one, other := play(1), play(2)
	if !slices.Equal(one, play(1)) || slices.Equal(one, other) {
		t.Error("the seed does not decide")
	}
	if least, most := slices.Min(one[1:]), slices.Max(one[1:]); least < 900 || least > 920 || most > 1100 || most < 1080 {
		t.Errorf("between %v and %v", least, most)
	}
}

func TestTheCacheForgetsTheOldestAndTheEndsOfTextsFirst(t *testing.T) {
	cache := newBlocks(4)
	take := func(names ...uint64) (hits int) {
		held := cache.found(names)
		hits = len(held)
		for _, name := range names[hits:] {
			one := cache.fresh()
			cache.fill(one, name)
			held = append(held, one)
		}
		cache.release(held)
		return hits
	}
	take(1, 2, 3)
	take(1, 4, 5) // five blocks: the end of the first text goes
	if hits := take(1, 2, 3); hits != 2 {
		t.Errorf("%d hits", hits)
	}
	if cache.usage() != 0 || cache.free() != 4 {
		t.Errorf("usage %v, %d free", cache.usage(), cache.free())
	}
}

func TestBlocksThatAreHeldAreNotGivenAway(t *testing.T) {
	cache := newBlocks(2)
	one, two := cache.fresh(), cache.fresh()
	cache.fill(one, 1)
	if cache.fresh() != nil || cache.usage() != 1 {
		t.Error("there was a third of two")
	}
	shared := cache.found([]uint64{1})
	cache.release([]*block{one, two})
	if len(shared) != 1 || shared[0] != one || cache.held != 1 || cache.fresh() != two || cache.fresh() != nil {
		t.Errorf("%d held", cache.held)
	}
}
