// Package modelserver simulates a server of language models, for proofs and for the calibration of clients: OpenAI's API, vLLM's
// metrics, times that are stated, and a truth about what was done when. It knows no model, and says so.
//
// Belongs here: how requests are read, what they cost, how answers are written, and how both go wrong when that is asked for.
// Does not belong here: clients.
package modelserver

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	charactersPerToken = 4
	runHeader          = "X-Run" // what a proof marks its requests with
	idHeader           = "X-Request-Id"
	answeredBy         = "X-Answered-By"                  // the header in which a server says who it is
	pickedHeader       = "X-Gateway-Destination-Endpoint" // in which an endpoint picker names a server
	longestID          = 128
	acceptAgain        = 50 * time.Millisecond
)

// pace decides when a stream has its tokens.
type pace interface {
	admit(*stream)
	delivered(*stream)
	left(*stream)
}

// Server is all that its one thread knows.
type Server struct {
	Options
	loop        *loop
	pace        pace
	truth       *truth
	connections map[*connection]struct{}
	lateness    fine // of every token against its schedule
	lateFirst   fine
	served      int64
	listener    *os.File // kept, since nobody else keeps its descriptor open
	accepts     int      // that descriptor; to ask for it anew would make it block
	scratch     []byte   // what is being written
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
		Options: options, loop: loop, truth: newTruth(options.Keep), connections: map[*connection]struct{}{},
		buffer: make([]byte, readAtOnce), control: make([]byte, 128),
	}
	made.pace = fixed{made, options.First, options.Gap}
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
			s.connect(fd, name(from))
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
	if syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) != nil || s.loop.watch(fd, interest, c) != nil {
		s.loop.forget(fd)
		_ = syscall.Close(fd)
		return
	}
	s.connections[c] = struct{}{}
}

func name(from syscall.Sockaddr) string {
	switch at := from.(type) {
	case *syscall.SockaddrInet4:
		return (&net.TCPAddr{IP: at.Addr[:], Port: at.Port}).String()
	case *syscall.SockaddrInet6:
		return (&net.TCPAddr{IP: at.Addr[:], Port: at.Port}).String()
	}
	return ""
}

// serve answers a request, or begins to.
func (s *Server) serve(c *connection, request *incoming) {
	path := request.URL.Path
	chat := path == "/v1/chat/completions"
	if chat || path == "/v1/completions" {
		s.complete(c, request, chat)
		return
	}
	s.page(c, request)
}

func (s *Server) complete(c *connection, request *incoming, chat bool) {
	if request.Method != http.MethodPost {
		s.refuse(c, request, wrong{http.StatusMethodNotAllowed, "", "completions are asked for by POST"})
		return
	}
	asked, err := understood(request.body, chat)
	if err != nil {
		s.refuse(c, request, err)
		return
	}
	text := asked.text()
	words := fnv.New64a()
	_, _ = io.WriteString(words, text)
	stream := &stream{
		server: s, conn: c, asked: asked, chat: chat, plain: request.plain, last: request.last,
		words: words.Sum64() ^ s.Seed*0x9e3779b97f4a7c15, tokens: max(asked.tokens(s.Tokens), 1),
		record: s.record(c, request),
	}
	stream.record.Endpoint = strings.TrimPrefix(request.URL.Path, "/v1/")
	stream.record.Model, stream.record.Stream = cmp.Or(asked.Model, s.Model), asked.Stream
	stream.record.Prompt, stream.record.PromptHash = tokensIn(text), fmt.Sprintf("%016x", words.Sum64())
	stream.record.Status = http.StatusOK
	c.current = stream
	stream.open()
	if !stream.ended {
		s.pace.admit(stream)
	}
}

// record begins to write down what becomes of a request.
func (s *Server) record(c *connection, request *incoming) *Record {
	s.served++
	id := request.Header.Get(idHeader)
	if !harmless(id) {
		id = fmt.Sprintf("%s-%d", s.Name, s.served)
	}
	return &Record{
		ID: id, Run: request.Header.Get(runHeader), Peer: c.peer, PickedServer: request.Header.Get(pickedHeader),
		ArrivedWall: request.arrived.wall, Arrived: request.arrived.kernel, Read: request.arrived.read,
	}
}

// harmless says whether a text may stand in a header.
func harmless(text string) bool {
	return text != "" && len(text) <= longestID && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (s *Server) finished(stream *stream) {
	s.pace.left(stream)
	s.truth.add(stream.record)
}

func (s *Server) refuse(c *connection, request *incoming, err error) {
	record := s.record(c, request)
	status, body := trouble(err)
	record.Status, record.Outcome, record.Error, record.Endpoint = status, "refused", err.Error(), request.URL.Path
	record.Headers = s.loop.now()
	s.send(c, request, status, "application/json", record.ID, body)
	record.Finished = s.loop.now()
	s.truth.add(record)
}

// refuseConnection is for what is no request at all: nothing behind it could be understood either.
func (s *Server) refuseConnection(c *connection, err error) {
	status, body := trouble(err)
	s.send(c, nil, status, "application/json", "", body)
	c.done(true)
}

func (s *Server) send(c *connection, request *incoming, status int, kind, id string, body []byte) {
	b := s.head(s.scratch[:0], status, kind, id, len(body), request)
	b = append(b, "\r\n"...)
	if request == nil || request.Method != http.MethodHead {
		b = append(b, body...)
	}
	c.write(b)
	s.scratch = b[:0]
	if request != nil && request.last {
		c.closing = true
		if len(c.out) == 0 {
			c.close()
		}
	}
}

func (s *Server) failed(err error) { fmt.Fprintln(os.Stderr, "model-server:", err) }
