package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/reprint-go/reprint/config"
)

// writeCertificate makes a certificate for 127.0.0.1 with that serial number, and
// returns the pool that trusts it.
func writeCertificate(t *testing.T, dir string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(cert)
	return pool
}

// HTTPS speaks HTTP/2, the origin is told of it, and a reload takes a new
// certificate without ending what goes on.
func TestHTTPS(t *testing.T) {
	protos := make(chan string, 10)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protos <- r.Header.Get("X-Forwarded-Proto")
		fmt.Fprint(w, "page")
	}))
	defer origin.Close()
	dir := t.TempDir()
	pool := writeCertificate(t, dir, 1)
	file := filepath.Join(dir, "reprint.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: {listen: none}\ntls: {certificate: %[1]s/cert.pem, key: %[1]s/key.pem}\norigin: {url: %[2]q}\nroutes:\n  - path: /a\n", dir, origin.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	g := testGlobal(io.Discard, io.Discard)
	cfg, err := config.Load(file, g.env)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(t.Context(), g, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.start(context.Background())
	t.Cleanup(func() {
		if err := s.drain(); err != nil {
			t.Error(err)
		}
	})

	get := func(pool *x509.CertPool) *http.Response {
		t.Helper()
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get(urlOf(s.listeners[0]) + "/a")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "page" || resp.ProtoMajor != 2 {
			t.Fatalf("%s %q, %v", resp.Proto, body, err)
		}
		return resp
	}
	get(pool)
	if proto := <-protos; proto != "https" {
		t.Errorf("the origin is told %q", proto)
	}
	if status := get(pool).Header.Get("Cache-Status"); status != "reprint; hit" {
		t.Errorf("Cache-Status: %s", status)
	}
	renewed := writeCertificate(t, dir, 2)
	s.reload()
	if serial := get(renewed).TLS.PeerCertificates[0].SerialNumber; serial.Int64() != 2 {
		t.Errorf("certificate %v after the reload", serial)
	}
	// A certificate that cannot be read changes nothing.
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.reload()
	get(renewed)
}
