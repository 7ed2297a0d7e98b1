package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEveryAnswerIsCompared(t *testing.T) {
	const pages, size = 200, 2 << 10
	o := &origin{floor: make(map[int]int64)}
	o.prepare(job{Size: size})
	l := &lab{origin: o}
	right := plainMap(pages, size)
	instead := func(h http.HandlerFunc) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path(123) {
				h(w, r)
				return
			}
			right.ServeHTTP(w, r)
		})
	}
	send := func(body []byte) http.Handler {
		return instead(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	}
	for name, c := range map[string]struct {
		handler http.Handler
		gzip    bool
		want    string // in the error
	}{
		"all right":         {right, false, ""},
		"all right, gzip":   {right, true, ""},
		"another page":      {send(page(124, 0, size)), false, "are not those of the page"},
		"one byte":          {send(append(page(123, 0, size)[:size-1], 'x')), false, "are not those of the page"},
		"too long":          {send(append(page(123, 0, size), 'x')), false, "are not those of the page"},
		"not as gzip":       {send(page(123, 0, size)), true, errNotCompressed.Error()},
		"not a page at all": {send([]byte("hello")), false, "no version"},
		"an error":          {instead(http.NotFound), false, "status is 404"},
		"gzip for nobody": {instead(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Accept-Encoding", "gzip")
			right.ServeHTTP(w, r)
		}), false, "Content-Encoding"},
		"another page as gzip": {instead(func(w http.ResponseWriter, r *http.Request) { r.URL.Path = path(1); right.ServeHTTP(w, r) }), true, "are not those of the page"},
		"the connection ends":  {instead(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), false, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			all, err := verify(t.Context(), server.Listener.Addr().String(), c.gzip, 0, pages, l.checkPage)
			switch {
			case c.want == "" && (err != nil || all.Count != pages || all.Min == 0):
				t.Errorf("%+v, %v", all, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %s", err, c.want)
			case c.want == errNotCompressed.Error() && !errors.Is(err, errNotCompressed):
				t.Errorf("%v is not errNotCompressed", err)
			}
		})
	}
}
