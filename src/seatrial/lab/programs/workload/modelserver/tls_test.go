package modelserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a certificate that signs itself, and is server and client as well.
func authority(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificate, key = filepath.Join(folder, "certificate"), filepath.Join(folder, "key")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "EC PRIVATE KEY", Bytes: encoded},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

func TestTLSAsksForClientsCertificatesWhereItIsMutual(t *testing.T) {
	certificate, key := authority(t)
	config, err := secured(certificate, key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	server, _ := started(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go server.serveTLS(listener, config)
	ask := func(mine ...tls.Certificate) (*http.Response, error) {
		trusted := &tls.Config{RootCAs: config.ClientCAs, Certificates: mine}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusted, DisableKeepAlives: true}}
		return client.Post("https://"+listener.Addr().String()+"/v1/completions", "application/json", strings.NewReader(stream3))
	}
	if response, err := ask(); err == nil {
		t.Errorf("%s without a certificate", response.Status)
	}
	response, err := ask(config.Certificates[0])
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", response, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if parts, done := events(t, string(text)); err != nil || len(parts) != 3 || !done {
		t.Errorf("%v: %s", err, text)
	}
}

func TestCertificatesThatAreNoneAreRefused(t *testing.T) {
	certificate, key := authority(t)
	for _, files := range [][3]string{{key, certificate, ""}, {certificate, key, key}, {"missing", key, ""}} {
		if _, err := secured(files[0], files[1], files[2]); err == nil {
			t.Errorf("%v were taken", files)
		}
	}
}
