package modelserver

import (
	"slices"
	"strings"
)

// adapters are the LoRA adapters that are served. So many are loaded at once; the one that was used least recently makes room.
type adapters struct {
	served []string
	most   int
	loaded []string // the latest used at the end
}

func (a *adapters) serves(name string) bool { return slices.Contains(a.served, name) }

// use has an adapter ready: whether it had to be loaded, and whether that was possible next to those in use.
func (a *adapters) use(name string, inUse map[string]int) (loads, possible bool) {
	if place := slices.Index(a.loaded, name); place >= 0 {
		a.loaded = append(slices.Delete(a.loaded, place, place+1), name)
		return false, true
	}
	if len(a.loaded) >= a.most {
		place := slices.IndexFunc(a.loaded, func(one string) bool { return inUse[one] == 0 })
		if place < 0 {
			return false, false
		}
		a.loaded = slices.Delete(a.loaded, place, place+1)
	}
	a.loaded = append(a.loaded, name)
	return true, true
}

func (a *adapters) add(name string) bool {
	if name == "" || a.serves(name) {
		return false
	}
	a.served = append(a.served, name)
	return true
}

func (a *adapters) remove(name string) bool {
	place := slices.Index(a.served, name)
	if place < 0 {
		return false
	}
	a.served = slices.Delete(a.served, place, place+1)
	return true
}

// named lists the adapters of sequences, each once.
func named(sequences []*sequence) string {
	var names []string
	for _, one := range sequences {
		if one.adapter != "" && !slices.Contains(names, one.adapter) {
			names = append(names, one.adapter)
		}
	}
	return strings.Join(names, ",")
}
