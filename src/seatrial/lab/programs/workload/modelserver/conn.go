package modelserver

import (
	"encoding/binary"
	"syscall"
	"unsafe"
)

const (
	readAtOnce  = 64 << 10
	soTimestamp = 35 // SO_TIMESTAMPNS: the kernel tells when a segment came
	interest    = syscall.EPOLLIN | syscall.EPOLLRDHUP
)

// connection is one client. It has at most one request at a time; what comes behind waits in the buffer.
type connection struct {
	server   *Server
	fd       int
	peer     string
	in, out  []byte
	arrived  moment // of the latest bytes that were read
	asked    int    // how many requests came on it
	current  *stream
	halfway  *incoming // a request whose body is not all there yet
	closing  bool      // once all is written
	closed   bool
	writable bool // whether epoll is asked to tell
	held     bool // what is written waits for release
}

// moment is when something came: as the kernel saw it, and as we did.
type moment struct {
	kernel, read, wall int64
}

func (c *connection) ready(events uint32) {
	if events&syscall.EPOLLOUT != 0 {
		c.flush()
	}
	if events&(syscall.EPOLLIN|syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 && !c.closed {
		c.read()
	}
}

// read takes what is there. Whoever has hung up gets no answer any more, like with the real servers.
func (c *connection) read() {
	buffer, control := c.server.buffer, c.server.control
	n, told, _, _, err := syscall.Recvmsg(c.fd, buffer, control, syscall.MSG_DONTWAIT)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return
	case err != nil || n <= 0:
		c.close()
		return
	}
	c.arrived = c.server.moment(control[:told])
	c.in = append(c.in, buffer[:n]...)
	c.next()
}

// moment reads the kernel's stamp from what came beside the bytes. It is of the wall clock: what that has told apart
// from the monotonic one since is known, as both are read now.
func (s *Server) moment(control []byte) moment {
	now, wall := s.loop.both()
	came := moment{kernel: now, read: now, wall: wall}
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return came
	}
	for _, message := range messages {
		if message.Header.Type == soTimestamp && len(message.Data) >= int(unsafe.Sizeof(syscall.Timespec{})) {
			seconds := int64(binary.NativeEndian.Uint64(message.Data))
			stamped := seconds*1e9 + int64(binary.NativeEndian.Uint64(message.Data[8:]))
			if since := wall - stamped; since >= 0 && since < 10e9 {
				came.kernel, came.wall = now-since, stamped
			}
		}
	}
	return came
}

// next begins the next request, when there is a whole one and none is under way.
func (c *connection) next() {
	for c.current == nil && !c.closing && !c.closed {
		request, err := c.whole()
		if err != nil {
			c.server.refuseConnection(c, err)
			return
		}
		if request == nil {
			return
		}
		c.asked++
		c.server.serve(c, request)
	}
	if len(c.in) > longestRequest {
		c.close()
	}
}

// write hands bytes to the kernel, and keeps what it does not take.
func (c *connection) write(b []byte) {
	if c.closed {
		return
	}
	if c.held {
		c.out = append(c.out, b...)
		return
	}
	if len(c.out) == 0 {
		n, err := send(c.fd, b)
		if err != 0 && err != syscall.EAGAIN {
			c.close()
			return
		}
		b = b[n:]
	}
	if len(b) > 0 {
		c.out = append(c.out, b...)
		c.want(true)
	}
}

// send does not go by way of the runtime: it never waits, so no other thread has to be found meanwhile.
func send(fd int, b []byte) (int, syscall.Errno) {
	if len(b) == 0 {
		return 0, 0
	}
	const flags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL
	for {
		n, _, err := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), flags, 0, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != 0 {
			return 0, err
		}
		return int(n), 0
	}
}

func (c *connection) flush() {
	n, err := send(c.fd, c.out)
	if err != 0 && err != syscall.EAGAIN {
		c.close()
		return
	}
	c.out = c.out[n:]
	if len(c.out) > 0 {
		c.want(true)
		return
	}
	c.out = nil
	c.want(false)
	if c.closing {
		c.close()
	}
}

// hold keeps what is written until release, so that all of it is one write.
func (c *connection) hold() { c.held = true }

func (c *connection) release() {
	c.held = false
	if len(c.out) > 0 && !c.closed {
		c.flush()
	}
}

func (c *connection) want(writable bool) {
	if c.writable == writable {
		return
	}
	c.writable = writable
	events := uint32(interest)
	if writable {
		events |= syscall.EPOLLOUT
	}
	if c.server.loop.control(syscall.EPOLL_CTL_MOD, c.fd, events) != nil {
		c.close()
	}
}

// done ends a request: the connection is closed, or has room for the next one.
func (c *connection) done(last bool) {
	c.current = nil
	if last {
		c.closing = true
		if len(c.out) == 0 {
			c.close()
		}
		return
	}
	c.next()
}

func (c *connection) close() {
	if c.closed {
		return
	}
	c.closed = true
	c.server.loop.forget(c.fd)
	_ = syscall.Close(c.fd)
	delete(c.server.connections, c)
	if c.current != nil {
		c.current.gone()
		c.current = nil
	}
}
