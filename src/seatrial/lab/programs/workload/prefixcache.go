package main

import (
	"container/list"
	"hash/fnv"
)

// prefixCache remembers the blocks of prompts, the least used go first. A block counts only with all before it.
type prefixCache struct {
	room          int
	recent        *list.List // of block hashes, the latest in front
	places        map[uint64]*list.Element
	queries, hits int // in blocks
}

func newPrefixCache(room int) *prefixCache {
	return &prefixCache{room: room, recent: list.New(), places: map[uint64]*list.Element{}}
}

// blocksOf names each full block of a prompt by a hash of all text up to its end.
func blocksOf(text string) []uint64 {
	const size = blockTokens * charactersPerToken
	chain := fnv.New64a()
	blocks := make([]uint64, 0, len(text)/size)
	for ; len(text) >= size; text = text[size:] {
		_, _ = chain.Write([]byte(text[:size]))
		blocks = append(blocks, chain.Sum64())
	}
	return blocks
}

// take returns how many of the leading blocks were there already, and keeps all of them.
func (c *prefixCache) take(blocks []uint64) (hits int) {
	for hits < len(blocks) && c.places[blocks[hits]] != nil {
		hits++
	}
	c.queries += len(blocks)
	c.hits += hits
	for place := len(blocks) - 1; place >= 0; place-- { // the beginning of a prompt is what others share: it goes last
		c.keep(blocks[place])
	}
	return hits
}

func (c *prefixCache) keep(block uint64) {
	if element := c.places[block]; element != nil {
		c.recent.MoveToFront(element)
		return
	}
	c.places[block] = c.recent.PushFront(block)
	if c.recent.Len() > c.room {
		oldest := c.recent.Back()
		delete(c.places, c.recent.Remove(oldest).(uint64))
	}
}

func (c *prefixCache) usage() float64 { return float64(c.recent.Len()) / float64(c.room) }
