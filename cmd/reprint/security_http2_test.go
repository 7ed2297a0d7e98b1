package main_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// serveTLS starts a server that speaks TLS for good.test, and returns the
// certificates that its clients trust.
func serveTLS(t *testing.T, file string) (*running, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"good.test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	private, err2 := x509.MarshalPKCS8PrivateKey(key)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	writeFile(t, filepath.Join(dir, "cert.pem"), string(certificate))
	writeFile(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	return serve(t, fmt.Sprintf("tls: {certificate: %s/cert.pem, key: %s/key.pem}\nhosts: [good.test]\n%s", dir, dir, file)), pool
}

// overHTTP2 is a client of its own connection.
func overHTTP2(t *testing.T, s *running, pool *x509.CertPool) *http.Client {
	t.Helper()
	transport := &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", s.public)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// frames is a connection that speaks HTTP/2, well or badly.
type frames struct {
	*testing.T
	conn   *tls.Conn
	framer *http2.Framer
	next   uint32
}

func (s *running) frames(pool *x509.CertPool) *frames {
	s.t.Helper()
	conn := tls.Client(dial(s.t, s.public), &tls.Config{RootCAs: pool, ServerName: "good.test", NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	f := &frames{T: s.t, conn: conn, framer: http2.NewFramer(conn, conn), next: 1}
	f.framer.ReadMetaHeaders = hpack.NewDecoder(65536, nil)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		s.t.Fatal(err)
	}
	if err := f.framer.WriteSettings(); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// ask opens a stream with fields, name and value in turns.
func (f *frames) ask(end bool, fields ...string) uint32 {
	f.Helper()
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}) // into memory
	}
	id := f.next
	f.next += 2
	if err := f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: end}); err != nil {
		f.Logf("write: %v", err) // it may have been closed already
	}
	return id
}

// answer reads until a stream is over, and says how: its status and body, "reset"
// or "closed".
func (f *frames) answer(id uint32) (status, body string) {
	f.Helper()
	for {
		frame, err := f.framer.ReadFrame()
		if err != nil {
			return "closed", body
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.framer.WriteSettingsAck() // it is seen below when it fails
			}
		case *http2.GoAwayFrame:
			return "closed", body
		case *http2.RSTStreamFrame:
			if frame.StreamID == id {
				if status == "" {
					status = "reset"
				}
				return status, body
			}
		case *http2.MetaHeadersFrame:
			if frame.StreamID == id {
				status = frame.PseudoValue("status")
				if frame.StreamEnded() {
					return status, body
				}
			}
		case *http2.DataFrame:
			if frame.StreamID == id {
				body += string(frame.Data())
				if frame.StreamEnded() {
					return status, body
				}
			}
		}
	}
}

// T-039, T-043: what HTTP/1.1 could not say is not made of it.
func TestOddRequestsOfHTTP2(t *testing.T) {
	o := newStub(t, echo)
	s, pool := serveTLS(t, bothWays(o.url))
	const path, method, scheme, authority = ":path", ":method", ":scheme", ":authority"
	for name, test := range map[string]struct {
		fields []string
		want   string // statuses that will do
	}{
		"a space in the path":       {[]string{method, "GET", scheme, "https", authority, "good.test", path, "/p/a b HTTP/1.1"}, "reset closed 400 200"}, // it is encoded
		"a line break in the path":  {[]string{method, "GET", scheme, "https", authority, "good.test", path, "/p/a\r\nX: y"}, "reset closed 400"},
		"a path that is none":       {[]string{method, "GET", scheme, "https", authority, "good.test", path, "p"}, "reset closed 400"},
		"an empty path":             {[]string{method, "GET", scheme, "https", authority, "good.test", path, ""}, "reset closed 400"},
		"a whole URL":               {[]string{method, "GET", scheme, "https", authority, "good.test", path, "http://evil.test/p/1"}, "reset closed 400 421 200"}, // the authority counts
		"a method with a space":     {[]string{method, "GET /x", scheme, "https", authority, "good.test", path, "/p/1"}, "reset closed 400 405"},
		"CONNECT":                   {[]string{method, "CONNECT", authority, "a:80"}, "reset closed 405 421"},
		"CONNECT for the site":      {[]string{method, "CONNECT", authority, "good.test"}, "reset closed 405"},
		"CONNECT with a protocol":   {[]string{method, "CONNECT", ":protocol", "websocket", scheme, "https", authority, "good.test", path, "/p/1"}, "reset closed 400 405"},
		"TRACE":                     {[]string{method, "TRACE", scheme, "https", authority, "good.test", path, "/p/1"}, "405"},
		"transfer-encoding":         {[]string{method, "POST", scheme, "https", authority, "good.test", path, "/p/1", "transfer-encoding", "chunked"}, "reset closed 400"},
		"connection":                {[]string{method, "GET", scheme, "https", authority, "good.test", path, "/p/1", "connection", "close"}, "reset closed 400"},
		"upgrade":                   {[]string{method, "GET", scheme, "https", authority, "good.test", path, "/p/1", "upgrade", "h2c"}, "reset closed 400"},
		"a capital":                 {[]string{method, "GET", scheme, "https", authority, "good.test", path, "/p/1", "X-Evil", "1"}, "reset closed 400"},
		"a line break in a value":   {[]string{method, "GET", scheme, "https", authority, "good.test", path, "/p/1", "x-evil", "a\r\nb"}, "reset closed 400"},
		"a colon in a name":         {[]string{method, "GET", scheme, "https", authority, "good.test", path, "/p/1", "x:evil", "1"}, "reset closed 400"},
		"another authority":         {[]string{method, "GET", scheme, "https", authority, "evil.test", path, "/p/1", "host", "good.test"}, "421 400 reset"},
		"two paths":                 {[]string{method, "GET", scheme, "https", authority, "good.test", path, "/p/1", path, "/p/2"}, "reset closed 400"},
		"a length that is not kept": {[]string{method, "POST", scheme, "https", authority, "good.test", path, "/free/1", "content-length", "10"}, "reset closed 400 200"}, // the origin is told the real one
	} {
		t.Run(name, func(t *testing.T) {
			f := s.in(t).frames(pool)
			status, body := f.answer(f.ask(true, test.fields...))
			if !strings.Contains(test.want, status) || status == "" {
				t.Errorf("%s %s, want one of %s", status, body, test.want)
			}
		})
	}
	for _, request := range o.requests() {
		line, header, _ := strings.Cut(request, "\n")
		if len(strings.Fields(line)) != 3 || strings.Contains(request, "evil") || strings.Contains(header, "Content-Length: 10") || !strings.HasPrefix(line, "GET /p/") && line != "POST /free/1 good.test" {
			t.Errorf("the origin was asked %s", request)
		}
	}
	f := s.frames(pool)
	status, body := f.answer(f.ask(true, method, "GET", scheme, "https", authority, "good.test", path, "/p/1", "host", "evil.test", "x-forwarded-host", "evil.test"))
	if strings.Contains(body, "evil.test") || status == "200" && !strings.Contains(body, "X-Forwarded-Proto: https") {
		t.Errorf("with another host beside it: %s %s", status, body)
	}
}

// T-044: streams that are opened and reset cost the origin one render of the page.
func TestResetsOfHTTP2(t *testing.T) {
	release := make(chan bool)
	var running atomic.Int64
	o := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Add(-1)
		if r.URL.Path != "/p/well" {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		io.WriteString(w, "page")
	})
	s, pool := serveTLS(t, bothWays(o.url))
	f := s.frames(pool)
	go func() { _, _ = io.Copy(io.Discard, f.conn) }() // the server must not wait for a reader
	for i := range 1000 {
		id := f.ask(true, ":method", "GET", ":scheme", "https", ":authority", "good.test", ":path", "/p/hangs")
		if err := f.framer.WriteRSTStream(id, http2.ErrCodeCancel); err != nil {
			t.Logf("after %d the server has had enough: %v", i, err)
			break
		}
	}
	// Under no route each stream has a request of its own, which ends with it.
	g := s.frames(pool)
	go func() { _, _ = io.Copy(io.Discard, g.conn) }() // as above
	for range 300 {
		id := g.ask(true, ":method", "GET", ":scheme", "https", ":authority", "good.test", ":path", "/free/hangs")
		if err := g.framer.WriteRSTStream(id, http2.ErrCodeCancel); err != nil {
			break
		}
	}
	other := s.frames(pool)
	if status, body := other.answer(other.ask(true, ":method", "GET", ":scheme", "https", ":authority", "good.test", ":path", "/p/well")); status != "200" || body != "page" {
		t.Errorf("another client gets %s %s", status, body)
	}
	waitFor(t, "the origin is left alone but for the one render", func() bool { return running.Load() <= 1 })
	if n := o.times("/p/hangs"); n > 1 {
		t.Errorf("%d renders", n)
	}
	close(release)
	if peak := s.memory("VmHWM"); peak > 300<<20 {
		t.Errorf("the process took %d MiB", peak>>20)
	}
}

// memory reads a number of bytes from the process's status, where there is one.
func (s *running) memory(name string) int64 {
	s.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Logf("memory is not looked at: %v", err)
		return 0
	}
	for line := range strings.Lines(string(b)) {
		var kib int64
		if _, err := fmt.Sscanf(line, name+": %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	s.t.Fatalf("no %s in %s", name, b)
	return 0
}
