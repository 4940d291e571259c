package modelserver

// timed is whatever has something to do at a time. It is told when that was due, and what time it is.
type timed interface {
	fire(due, now int64)
}

type timer struct {
	due  int64
	what timed
}

// timers is one heap for everything that is due, however many streams there are. Four children to a node keep it flat.
type timers []timer

const children = 4

func (t timers) next() (due int64, some bool) {
	if len(t) == 0 {
		return 0, false
	}
	return t[0].due, true
}

func (t *timers) add(due int64, what timed) {
	*t = append(*t, timer{due, what})
	heap := *t
	place := len(heap) - 1
	for place > 0 {
		parent := (place - 1) / children
		if heap[parent].due <= due {
			break
		}
		heap[place] = heap[parent]
		place = parent
	}
	heap[place] = timer{due, what}
}

func (t *timers) take() timer {
	heap := *t
	first, last := heap[0], heap[len(heap)-1]
	heap[len(heap)-1] = timer{} // or it would keep a stream alive
	heap = heap[:len(heap)-1]
	*t = heap
	if len(heap) == 0 {
		return first
	}
	place := 0
	for {
		least := place*children + 1
		if least >= len(heap) {
			break
		}
		for child := least + 1; child < min(least+children, len(heap)); child++ {
			if heap[child].due < heap[least].due {
				least = child
			}
		}
		if heap[least].due >= last.due {
			break
		}
		heap[place] = heap[least]
		place = least
	}
	heap[place] = last
	return first
}
