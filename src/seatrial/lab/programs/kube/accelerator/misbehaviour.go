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
	OtherDriverVersion   Misbehaviour = "other-driver-version"    // containers get another driver than the advertised one
	ShareOthers          Misbehaviour = "share-others"            // each replica of a shared device is a device of its own
	ShareOnce            Misbehaviour = "share-once"              // of the replicas of a shared device only the first can be had
	HandOutParent        Misbehaviour = "hand-out-parent"         // who claims a virtual device gets the whole physical one
	NICStays             Misbehaviour = "nic-stays"               // who claims an interface never gets it
	NICUnplugged         Misbehaviour = "nic-unplugged"           // claimed interfaces arrive, and are connected to nothing

	MetricsMissADevice   Misbehaviour = "metrics-miss-a-device"  // the exporter leaves out the last device of each node
	MetricsFrozen        Misbehaviour = "metrics-frozen"         // the exporter repeats the utilisation that it first saw
	MetricsWithoutMemory Misbehaviour = "metrics-without-memory" // the exporter has no series of memory in use
)

var allMisbehaviours = []Misbehaviour{
	HandOutEverything, HandOutEverythingDRA, IgnoreClaim, NoSlices, Unhealthy, OtherDriverVersion,
	ShareOthers, ShareOnce, HandOutParent, NICStays, NICUnplugged,
	MetricsMissADevice, MetricsFrozen, MetricsWithoutMemory,
}

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

// among are those of the asked for that are in a list: one kind of device need not have the bugs of another.
func (m Misbehaviours) among(list ...Misbehaviour) (left Misbehaviours) {
	for _, one := range m {
		if slices.Contains(list, one) {
			left = append(left, one)
		}
	}
	return left
}
