package modelserver

import "math/bits"

const (
	finePerOctave = 32 // so a value is told to within 3 %
	fineBits      = 5
	octaves       = 48
)

// fine counts nanoseconds closely, without keeping them.
type fine struct {
	counts [octaves * finePerOctave]int64
	all    int64
	most   int64
}

func (f *fine) add(value int64) {
	value = max(value, 0)
	f.counts[fineBucket(value)]++
	f.all++
	f.most = max(f.most, value)
}

func fineBucket(value int64) int {
	if value < finePerOctave {
		return int(value)
	}
	octave := bits.Len64(uint64(value)) - fineBits
	return min(octave*finePerOctave+int(value>>(octave-1))-finePerOctave, octaves*finePerOctave-1)
}

// at is the value that a share of all do not exceed.
func (f *fine) at(share float64) int64 {
	left := int64(share*float64(f.all) + 0.5)
	for bucket, count := range f.counts {
		if left -= count; left <= 0 && f.all > 0 {
			return min(fineUpper(bucket), f.most)
		}
	}
	return f.most
}

func fineUpper(bucket int) int64 {
	if bucket < finePerOctave {
		return int64(bucket)
	}
	octave := bucket / finePerOctave
	return (int64(bucket%finePerOctave+finePerOctave)+1)<<(octave-1) - 1
}

func (f *fine) summary() map[string]any {
	return map[string]any{
		"count": f.all, "p50_ns": f.at(0.5), "p95_ns": f.at(0.95), "p99_ns": f.at(0.99), "p999_ns": f.at(0.999), "max_ns": f.most,
	}
}
