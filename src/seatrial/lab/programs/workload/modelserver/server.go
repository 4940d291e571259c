// Package modelserver simulates a server of language models, for proofs and for the calibration of clients: OpenAI's API, vLLM's
// metrics, times that are stated, and a truth about what was done when. It knows no model, and says so.
//
// Belongs here: how requests are read, what they cost, how answers are written, and how both go wrong when that is asked for.
// Does not belong here: clients.
package modelserver

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

const (
	RunHeader = "X-Run" // what a proof marks its requests with
	IDHeader  = "X-Request-Id"

	charactersPerToken = 4
	answeredBy         = "X-Answered-By"                  // the header in which a server says who it is
	pickedHeader       = "X-Gateway-Destination-Endpoint" // in which an endpoint picker names a server
	acceptAgain        = 50 * time.Millisecond
	clientGone         = "client-gone"
)

// pace decides when a stream has its tokens.
type pace interface {
	admit(*stream)
	next(*stream) (due int64, more bool)
	left(*stream)
	queue() (waiting, running int)
}

// Server is all that its one thread knows.
type Server struct {
	Options
	keys        keys
	loop        *loop
	pace        pace
	engine      *engine // at rest in the fixed mode
	truth       *truth
	metrics     *metrics
	connections map[*connection]struct{}
	lateness    fine // of every token against its schedule
	lateFirst   fine
	served      uint64
	listener    *os.File // kept, since nobody else keeps its descriptor open
	accepts     int      // that descriptor; to ask for it anew would make it block
	lines       *json.Encoder
	scratch     []byte // what is being written
	text        []byte
	buffer      []byte // what is being read
	control     []byte
}

func newServer(options Options) (*Server, error) {
	loop, err := newLoop()
	if err != nil {
		return nil, err
	}
	made := &Server{
		Options: options, keys: keysFromEnvironment(), loop: loop, truth: newTruth(options.Keep), metrics: newMetrics(),
		connections: map[*connection]struct{}{}, lines: json.NewEncoder(os.Stdout),
		buffer: make([]byte, readAtOnce), control: make([]byte, 128),
	}
	made.engine = &engine{
		Costs: options.Costs, slots: options.Slots, budget: options.Budget, seed: options.Seed, blocks: newBlocks(options.Blocks),
		adapters: &adapters{served: options.Adapters, most: options.AdaptersAtOnce},
	}
	made.pace = &modelled{server: made, engine: made.engine}
	if options.Mode == fixedMode {
		made.pace = &fixed{server: made, first: options.First, gap: options.Gap}
	}
	return made, nil
}

// listen takes over a listener: the loop accepts by itself.
func (s *Server) listen(listener *net.TCPListener) error {
	file, err := listener.File()
	if err != nil {
		return err
	}
	fd := int(file.Fd())
	s.listener, s.accepts = file, fd
	if err := syscall.SetNonblock(fd, true); err != nil {
		return err
	}
	// Connections inherit it: asked for later, it would miss what came with the connection.
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, soTimestamp, 1); err != nil {
		return err
	}
	return s.loop.watch(fd, syscall.EPOLLIN|epollET, s)
}

// ready accepts whoever wants in. Told once of many, it goes on until there is nobody else, or no descriptor left: then it
// looks again after a while.
func (s *Server) ready(uint32) {
	for range eventsAtOnce {
		fd, from, err := syscall.Accept4(s.accepts, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		switch err {
		case nil:
			_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) // it fails for one that is gone again
			s.connect(fd, nameOf(from))
		case syscall.EAGAIN:
			return
		case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
			s.loop.add(s.loop.now()+int64(acceptAgain), s)
			return
		}
	}
	s.loop.add(s.loop.now(), s)
}

func (s *Server) fire(int64, int64) { s.ready(0) }

func (s *Server) connect(fd int, peer string) {
	c := &connection{server: s, fd: fd, peer: peer}
	if s.loop.watch(fd, interest, c) != nil {
		s.loop.forget(fd)
		_ = syscall.Close(fd)
		return
	}
	s.connections[c] = struct{}{}
}

func nameOf(from syscall.Sockaddr) string {
	switch at := from.(type) {
	case *syscall.SockaddrInet4:
		return (&net.TCPAddr{IP: at.Addr[:], Port: at.Port}).String()
	case *syscall.SockaddrInet6:
		return (&net.TCPAddr{IP: at.Addr[:], Port: at.Port}).String()
	}
	return ""
}

// finished writes down what became of an answer.
func (s *Server) finished(stream *stream) {
	if stream.admitted {
		s.pace.left(stream)
	}
	s.metrics.finished(stream.record)
	s.truth.add(stream.record)
}

func (s *Server) refuse(c *connection, request *incoming, err error) {
	record := s.record(c, request)
	status, body := trouble(err)
	record.Status, record.Outcome, record.Error, record.Endpoint = status, "refused", err.Error(), request.URL.Path
	record.Headers = s.loop.now()
	s.send(c, request, status, "application/json", record.ID, body, after(err))
	record.Finished = s.loop.now()
	s.truth.add(record)
}

// refuseConnection is for what is no request at all: nothing behind it could be understood either.
func (s *Server) refuseConnection(c *connection, err error) {
	status, body := trouble(err)
	s.send(c, &incoming{Request: &http.Request{}, last: true}, status, "application/json", "", body)
}

func (s *Server) send(c *connection, request *incoming, status int, kind, id string, body []byte, headers ...string) {
	b := s.head(s.scratch[:0], status, kind, id, len(body), request.plain, request.last)
	for _, header := range headers {
		b = append(b, header...)
	}
	b = append(b, "\r\n"...)
	if request.Method != http.MethodHead {
		b = append(b, body...)
	}
	c.write(b)
	s.scratch = b[:0]
	if request.last {
		c.done(true)
	}
}

func (s *Server) failed(err error) { fmt.Fprintln(os.Stderr, "model-server:", err) }
