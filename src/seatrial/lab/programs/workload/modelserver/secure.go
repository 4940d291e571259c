package modelserver

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	keysVariable    = "MODEL_SERVER_API_KEYS" // with commas between: the command line is for everybody to see
	handshakeWithin = 10 * time.Second
)

// keys are those that a request has to come with; none means that anybody may ask.
type keys [][sha256.Size]byte

func keysFromEnvironment() (found keys) {
	for key := range strings.SplitSeq(os.Getenv(keysVariable), ",") {
		if key = strings.TrimSpace(key); key != "" {
			found = append(found, sha256.Sum256([]byte(key)))
		}
	}
	return found
}

func (k keys) refuse(request *incoming) error {
	if len(k) == 0 {
		return nil
	}
	came, bearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(came))
	for _, key := range k {
		if bearer && subtle.ConstantTimeCompare(sum[:], key[:]) == 1 {
			return nil
		}
	}
	return wrong{http.StatusUnauthorized, "invalid_api_key", "the API key is missing or not known here"}
}

// secured is what TLS needs; nil without a certificate. A file with certificates of clients' authorities makes it mutual.
func secured(certificate, key, clients string) (*tls.Config, error) {
	if certificate == "" && key == "" && clients == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	if clients == "" {
		return config, nil
	}
	trusted, err := os.ReadFile(clients)
	if err != nil {
		return nil, err
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !config.ClientCAs.AppendCertsFromPEM(trusted) {
		return nil, fmt.Errorf("%s: there is no certificate in it", clients)
	}
	return config, nil
}

// serveTLS takes the encryption off each connection, and hands what is inside to the loop by way of a pair of sockets. So the
// loop knows of no TLS, and the times of the truth are those before encryption.
func (s *Server) serveTLS(listener net.Listener, config *tls.Config) {
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.failed(err)
			time.Sleep(acceptAgain)
			continue
		}
		go s.unwrap(tls.Server(connection, config))
	}
}

func (s *Server) unwrap(outside *tls.Conn) {
	defer outside.Close()
	ctx, cancel := context.WithTimeout(context.Background(), handshakeWithin)
	defer cancel()
	if err := outside.HandshakeContext(ctx); err != nil {
		return // the client has been told why, and is not one that can be answered
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		s.failed(err)
		return
	}
	file := os.NewFile(uintptr(pair[1]), "inside")
	inside, err := net.FileConn(file)
	file.Close()
	if err != nil {
		syscall.Close(pair[0])
		s.failed(err)
		return
	}
	defer inside.Close()
	s.loop.post(func() { s.connect(pair[0], outside.RemoteAddr().String()) })
	go func() {
		_, _ = io.Copy(inside, outside) // that it ends is all that matters: the other side is told
		inside.Close()
	}()
	_, _ = io.Copy(outside, bufio.NewReaderSize(inside, 16<<10))
}
