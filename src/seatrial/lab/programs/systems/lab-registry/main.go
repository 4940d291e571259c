// Command lab-registry is a registry for images of the lab: go-containerregistry's own, with TLS, and referrers for signatures.
package main

import (
	"crypto/tls"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	address := flag.String("address", "", "host and port to listen at")
	certificate := flag.String("certificate", "", "a file with the certificate to show")
	key := flag.String("key", "", "a file with its key")
	blobs := flag.String("blobs", "", "the folder that keeps blobs; manifests are in memory")
	ready := flag.String("ready-file", "", "a file to write as soon as it listens")
	flag.Parse()
	if err := serve(*address, *certificate, *key, *blobs, *ready); err != nil {
		log.Fatal(err)
	}
}

func serve(address, certificate, key, blobs, ready string) error {
	if err := os.MkdirAll(blobs, 0o700); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: registry.New(
			registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)),
			registry.WithReferrersSupport(true),
		),
		ReadHeaderTimeout: 5 * time.Second,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if err := os.WriteFile(ready, nil, 0o600); err != nil {
		return err
	}
	return server.ServeTLS(listener, certificate, key)
}
