package accelerator

import (
	"fmt"
	"slices"
	"strings"
)

// Misbehaviour is a bug that a driver could plausibly have, and that a proof has to notice.
type Misbehaviour string

const (
	HandOutEverything    Misbehaviour = "hand-out-everything"     // the plugin adds all its devices to each allocation
	HandOutEverythingDRA Misbehaviour = "hand-out-everything-dra" // the driver adds all its devices to each claim
	IgnoreClaim          Misbehaviour = "ignore-claim"            // the driver injects another device than the allocated one
	NoSlices             Misbehaviour = "no-slices"               // the driver never says what devices it has
	Unhealthy            Misbehaviour = "unhealthy"               // all devices are reported as broken
)

var allMisbehaviours = []Misbehaviour{HandOutEverything, HandOutEverythingDRA, IgnoreClaim, NoSlices, Unhealthy}

// Misbehaviours is the set that was asked for.
type Misbehaviours []Misbehaviour

// add takes a comma-separated list, as a flag.
func (m *Misbehaviours) add(list string) error {
	for name := range strings.SplitSeq(list, ",") {
		one := Misbehaviour(strings.TrimSpace(name))
		if one == "" {
			continue
		}
		if !slices.Contains(allMisbehaviours, one) {
			return fmt.Errorf("%q is none of %v", one, allMisbehaviours)
		}
		*m = append(*m, one)
	}
	return nil
}

func (m Misbehaviours) has(one Misbehaviour) bool { return slices.Contains(m, one) }
