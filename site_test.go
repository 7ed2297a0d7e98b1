package reprint_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
)

func TestSmoke(t *testing.T) {
	site, err := reprint.New(reprint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Shutdown(t.Context())
	var n atomic.Int64
	var v atomic.Int64
	err = site.Handle("/posts/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		x := v.Load()
		time.Sleep(5 * time.Millisecond)
		fmt.Fprintf(w, "post %s v%d", r.PathValue("id"), x)
	}), reprint.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	get := func(p string) {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", p, nil))
		t.Log(w.Code, w.Header(), w.Body.String())
	}
	get("/posts/1")
	get("/posts/1")
	v.Store(2)
	get("/posts/1")
	t.Log(site.Revalidate(t.Context(), "/posts/1"))
	get("/posts/1")
	rc, err := site.Apply(t.Context(), reprint.Revalidation{All: true})
	b, _ := rc.MarshalJSON()
	t.Log(string(b), err)
	t.Log(site.Revalidate(t.Context(), "/nothing/x"))
	get("/posts/1?a=b")
	get("/posts/..%2f")
	get("/zzz")
}
