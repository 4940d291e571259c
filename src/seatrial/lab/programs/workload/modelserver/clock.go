package modelserver

import (
	"syscall"
	"time"
	"unsafe"
)

const clockMonotonic = 1

// clock tells nanoseconds of CLOCK_MONOTONIC, which every process on this machine reads alike, and of the wall clock.
type clock struct {
	anchor time.Time
	base   int64 // CLOCK_MONOTONIC at the anchor
}

// newClock asks the kernel once; from then on the runtime tells how much time went by, without a system call.
func newClock() clock {
	var at syscall.Timespec
	_, _, failed := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&at)), 0)
	anchor := time.Now()
	if failed != 0 {
		return clock{anchor: anchor} // no Linux is without it; the times are then those since the start
	}
	return clock{anchor: anchor, base: at.Nano()}
}

func (c clock) now() int64 { return c.base + int64(time.Since(c.anchor)) }

// both reads the two clocks at one moment.
func (c clock) both() (monotonic, wall int64) {
	at := time.Now()
	return c.base + int64(at.Sub(c.anchor)), at.UnixNano()
}
