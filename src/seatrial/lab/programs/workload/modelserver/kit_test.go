package modelserver

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

type nobody struct{}

func (nobody) fire(int64, int64) {}

func TestTimersComeInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var heap timers
	var wanted, got []int64
	for range 2000 {
		if due := random.Int64N(500); random.IntN(3) > 0 {
			heap.add(due, nobody{})
			wanted = append(wanted, due)
		} else if len(heap) > 0 {
			least := slices.Min(wanted)
			wanted = slices.Delete(wanted, slices.Index(wanted, least), slices.Index(wanted, least)+1)
			if taken := heap.take().due; taken != least {
				t.Fatalf("%d before %d", taken, least)
			}
		}
	}
	for len(heap) > 0 {
		got = append(got, heap.take().due)
	}
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		t.Error("not in order")
	}
}

func TestFineHistogramsAreRightToWithinThreePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var found fine
	values := make([]int64, 10_000)
	for i := range values {
		values[i] = int64(random.ExpFloat64() * float64(time.Millisecond))
		found.add(values[i])
	}
	slices.Sort(values)
	for _, share := range []float64{0.01, 0.5, 0.95, 0.99, 0.999} {
		right := values[int(share*float64(len(values)))-1]
		if got := found.at(share); got < right || float64(got) > float64(right)*1.04+1 {
			t.Errorf("%v: %d, not %d", share, got, right)
		}
	}
	if found.most != values[len(values)-1] || found.at(1) != found.most || new(fine).at(0.5) != 0 {
		t.Errorf("%d", found.most)
	}
}

func TestTheClocksAreThoseOfTheKernel(t *testing.T) {
	one := newClock()
	other := newClock()
	if apart := other.now() - one.now(); apart < -int64(time.Millisecond) || apart > int64(time.Millisecond) {
		t.Errorf("%d ns apart", apart)
	}
	monotonic, wall := one.both()
	if monotonic == 0 || time.Unix(0, wall).Sub(time.Now()).Abs() > time.Minute {
		t.Errorf("%d, %d", monotonic, wall)
	}
}

func TestChunksAreTakenOnlyAsAWhole(t *testing.T) {
	const text = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
	for cut := range len(text) {
		if body, taken, err := unchunked([]byte(text[:cut])); taken != 0 || err != nil {
			t.Fatalf("%q: %q, %d, %v", text[:cut], body, taken, err)
		}
	}
	if body, taken, err := unchunked([]byte(text + "GET")); string(body) != "abcde" || taken != len(text) || err != nil {
		t.Errorf("%q, %d, %v", body, taken, err)
	}
	for _, broken := range []string{"x\r\n", "-1\r\n", "3\r\nabcd\r\n", "7fffffff\r\n"} {
		if _, _, err := unchunked([]byte(broken)); err == nil {
			t.Errorf("%q was taken", broken)
		}
	}
}

func TestOnlyHarmlessIdsComeBack(t *testing.T) {
	for id, fine := range map[string]bool{"a-1": true, "": false, "a\rb": false, "a b": false, "ü": false} {
		if harmless(id) != fine {
			t.Errorf("%q", id)
		}
	}
}
