package lane

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Whatever the lane takes for a simple request, or knows the end of, net/http reads
// in the same way.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"HEAD /posts/42?page=2 HTTP/1.1\r\nHost: example.org:8080\r\nAccept-Encoding: gzip, br\r\nIf-None-Match: \"x\"\r\nUser-Agent: x\r\n\r\n",
		"GET /a HTTP/1.1\r\nhOsT:\ta \t\r\nConnection: Keep-Alive\r\nCookie: a=b; c=d\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
		"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
		"GET /a HTTP/1.1\nHost: a\n\n",
		"GET /a HTTP/1.0\r\nHost: a\r\n\r\n",
		"GET http://b/a HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET //a/%zz?%zz#x HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nAuthorization: x\r\nExpect: 100-continue\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		end := bytes.Index(data, []byte("\r\n\r\n")) + 4
		if end < 4 || end > bufferSize {
			return
		}
		var r Request
		h := r.parse(data[:end])
		if h.framing == unknown {
			if h.simple {
				t.Fatal("simple, and its end is not known")
			}
			return
		}
		rest := "GET /next HTTP/1.1\r\n"
		body := strings.Repeat("b", int(min(h.length, 1<<20)))
		reader := bufio.NewReader(io.MultiReader(bytes.NewReader(data[:end]), strings.NewReader(body+rest)))
		want, err := http.ReadRequest(reader)
		if err != nil {
			if h.simple && !strings.Contains(err.Error(), "invalid URI") && !strings.Contains(err.Error(), "invalid URL escape") {
				t.Fatalf("simple, and net/http says: %v", err)
			}
			return // net/http answers and closes the connection
		}
		if h.length <= 1<<20 {
			got, err := io.ReadAll(want.Body)
			if err != nil || len(got) != len(body) {
				t.Fatalf("a body of %d bytes, %v; net/http reads %d", len(body), err, len(got))
			}
			if after, _ := io.ReadAll(reader); string(after) != rest {
				t.Fatalf("net/http reads on at %q", after)
			}
		}
		if h.simple {
			agree(t, &r, want)
		}
	})
}

func agree(t *testing.T, r *Request, want *http.Request) {
	t.Helper()
	method := http.MethodGet
	if r.Head {
		method = http.MethodHead
	}
	if method != want.Method || r.Target != want.RequestURI || r.Host != want.Host || want.ContentLength != 0 || want.Close ||
		!want.ProtoAtLeast(1, 1) || len(want.TransferEncoding) > 0 || len(want.Trailer) > 0 {
		t.Fatalf("%s %s of %s; net/http reads %+v", method, r.Target, r.Host, want)
	}
	n := 1 // Host
	for name, values := range want.Header {
		if name == "Cache-Control" && !r.Has("cache-control") {
			continue // net/http makes it of Pragma
		}
		n += len(values)
		if got := slices.Collect(r.Named(strings.ToLower(name))); !slices.Equal(got, values) {
			t.Fatalf("%s is %q, net/http reads %q", name, got, values)
		}
		switch name {
		case "Authorization", "Range", "If-Match", "If-Range", "If-Unmodified-Since":
			if !r.Special {
				t.Fatalf("%s is nothing special", name)
			}
		case "Expect", "Upgrade", "Content-Length", "Trailer":
			t.Fatalf("%s is simple", name)
		}
	}
	if n != r.n {
		t.Fatalf("%d fields, net/http reads %d", r.n, n)
	}
	if r.AcceptEncoding != want.Header.Get("Accept-Encoding") || r.IfNoneMatch != want.Header.Get("If-None-Match") || r.IfModified != (len(want.Header["If-Modified-Since"]) > 0) {
		t.Fatalf("what is accepted or asked for differs: %+v", r)
	}
}
