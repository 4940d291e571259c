package modelserver

import "hash/fnv"

const (
	blockTokens = 16
	blockBytes  = blockTokens * charactersPerToken
)

// block is room for the keys and values of so many tokens. One that is full has a name: a hash of all text up to its end.
type block struct {
	name       uint64
	named      bool
	holders    int
	prev, next *block // among those that nobody holds
}

// blocks is the key-value cache. What nobody holds stays known until its room is needed; what was let go first goes first.
type blocks struct {
	room, made, held int
	known            map[uint64]*block
	idle             block // a ring: its next is the one that goes first
	queries, hits    int64 // in tokens
}

func newBlocks(room int) *blocks {
	made := &blocks{room: room, known: map[uint64]*block{}}
	made.idle.prev, made.idle.next = &made.idle, &made.idle
	return made
}

func (b *blocks) usage() float64 { return float64(b.held) / float64(b.room) }

func (b *blocks) free() int { return b.room - b.held }

// found takes hold of the leading blocks that are known. A block counts only with all before it.
func (b *blocks) found(names []uint64) (taken []*block) {
	for _, name := range names {
		one := b.known[name]
		if one == nil {
			break
		}
		if one.holders == 0 {
			one.prev.next, one.next.prev = one.next, one.prev
			b.held++
		}
		one.holders++
		taken = append(taken, one)
	}
	return taken
}

// fresh takes hold of a block that is empty; nil when all are held.
func (b *blocks) fresh() *block {
	if b.held == b.room {
		return nil
	}
	b.held++
	if b.made < b.room {
		b.made++
		return &block{holders: 1}
	}
	oldest := b.idle.next
	oldest.prev.next, oldest.next.prev = oldest.next, oldest.prev
	if oldest.named {
		delete(b.known, oldest.name)
	}
	*oldest = block{holders: 1}
	return oldest
}

// fill names a block that is full. Where another has that name already, this one is of no use to anybody else.
func (b *blocks) fill(one *block, name uint64) {
	if b.known[name] == nil {
		one.name, one.named = name, true
		b.known[name] = one
	}
}

// release lets go of blocks, the end of the text first: its beginning is what others share, so it is to stay longest.
func (b *blocks) release(held []*block) {
	for place := len(held) - 1; place >= 0; place-- {
		one := held[place]
		if one.holders--; one.holders > 0 {
			continue
		}
		b.held--
		before := b.idle.prev
		if !one.named {
			before = &b.idle
		}
		one.prev, one.next = before, before.next
		one.prev.next, one.next.prev = one, one
	}
}

// chain names the blocks of a text one after the other.
type chain struct {
	sum   uint64
	names []uint64
}

// extend names the blocks that are full now.
func (c *chain) extend(text []byte) {
	for len(text) >= (len(c.names)+1)*blockBytes {
		from := len(c.names) * blockBytes
		sum := fnv.New64a()
		_, _ = sum.Write(append(wordOf(c.sum), text[from:from+blockBytes]...))
		c.sum = sum.Sum64()
		c.names = append(c.names, c.sum)
	}
}

func wordOf(number uint64) []byte {
	packed := make([]byte, 8, 8+blockBytes)
	for i := range packed {
		packed[i] = byte(number >> (8 * i))
	}
	return packed
}
