package modelserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"unsafe"
)

const (
	epollET      = 1 << 31
	eventsAtOnce = 256
	firesAtOnce  = 64     // then the sockets have their turn, however much is due
	notWorthIt   = 20_000 // ns: to sleep and to be woken takes as long
)

// watched is a file descriptor that something waits for.
type watched interface {
	ready(events uint32)
}

// loop is the one thread that does everything: it reads, keeps time and writes. So nothing needs a lock, and no stream waits
// until the runtime finds the time for it.
type loop struct {
	clock
	timers
	epoll, timer, wake int
	watched            map[int32]watched
	lock               sync.Mutex
	posted             []func() // by other goroutines
	ended              bool
}

func newLoop() (*loop, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	const flags = syscall.O_NONBLOCK | syscall.O_CLOEXEC
	timer, _, failed := syscall.RawSyscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, flags, 0)
	if failed != 0 {
		return nil, fmt.Errorf("timerfd: %w", failed)
	}
	wake, _, failed := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, flags, 0)
	if failed != 0 {
		return nil, fmt.Errorf("eventfd: %w", failed)
	}
	made := &loop{clock: newClock(), epoll: epoll, timer: int(timer), wake: int(wake), watched: map[int32]watched{}}
	// Edge-triggered, so that nobody needs to read how often the timer went off, or how many woke the loop.
	return made, errors.Join(made.control(syscall.EPOLL_CTL_ADD, made.timer, syscall.EPOLLIN|epollET),
		made.control(syscall.EPOLL_CTL_ADD, made.wake, syscall.EPOLLIN|epollET))
}

func (l *loop) control(operation, fd int, events uint32) error {
	return syscall.EpollCtl(l.epoll, operation, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)})
}

func (l *loop) watch(fd int, events uint32, who watched) error {
	l.watched[int32(fd)] = who
	return l.control(syscall.EPOLL_CTL_ADD, fd, events)
}

// forget comes before the descriptor is closed, which is what takes it out of epoll.
func (l *loop) forget(fd int) { delete(l.watched, int32(fd)) }

// post has the loop do something, from another goroutine.
func (l *loop) post(what func()) {
	l.lock.Lock()
	l.posted = append(l.posted, what)
	l.lock.Unlock()
	one := binary.NativeEndian.AppendUint64(nil, 1)
	_, _ = syscall.Write(l.wake, one) // it fails only when the loop has been woken very often, and then it is awake
}

func (l *loop) end() { l.post(func() { l.ended = true }) }

// run goes on until end.
func (l *loop) run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]syscall.EpollEvent, eventsAtOnce)
	for !l.ended {
		l.fireDue()
		n, err := syscall.EpollWait(l.epoll, events, l.patience())
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("epoll: %w", err)
		}
		for _, event := range events[:max(n, 0)] {
			switch who := l.watched[event.Fd]; {
			case who != nil:
				who.ready(event.Events)
			case int(event.Fd) == l.wake:
				l.doPosted()
			}
		}
	}
	return nil
}

func (l *loop) fireDue() {
	now := l.now()
	for range firesAtOnce {
		due, some := l.next()
		if !some || due > now {
			return
		}
		l.take().what.fire(due, now)
		now = l.now()
	}
}

// patience is how long epoll may wait: until a descriptor is ready, that of the timer among them, or not at all.
func (l *loop) patience() int {
	due, some := l.next()
	if !some {
		return -1
	}
	if due-l.now() < notWorthIt {
		return 0
	}
	when := [2]syscall.Timespec{{}, syscall.NsecToTimespec(due)}
	const absolute = 1
	_, _, failed := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(l.timer), absolute, uintptr(unsafe.Pointer(&when)), 0, 0, 0)
	if failed != 0 {
		return 1 // ms: coarse, but nothing is missed
	}
	return -1
}

func (l *loop) doPosted() {
	l.lock.Lock()
	posted := l.posted
	l.posted = nil
	l.lock.Unlock()
	for _, what := range posted {
		what()
	}
}
