package hook_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint/hook"
)

const tooMany = `{"message":"Too many attempts"}`

// ask calls the handler from an address, without a network, and returns the
// answer and how long it took on the clock of the bubble.
func ask(t *testing.T, h http.Handler, address, secret string) (*httptest.ResponseRecorder, time.Duration) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/revalidate?id=42", nil)
	r.RemoteAddr = address
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	w := httptest.NewRecorder()
	begin := time.Now()
	h.ServeHTTP(w, r)
	return w, time.Since(begin)
}

func newHook(t *testing.T, opts hook.Options) http.Handler {
	t.Helper()
	h, err := hook.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestGuessingIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t, seedOptions(t, &fakeSite{}))
		const guesser = "192.0.2.1:1000"
		for range 12 {
			if w, _ := ask(t, h, guesser, "wrong"); w.Code != http.StatusUnauthorized || w.Body.String() != unauthorized {
				t.Fatalf("answer %d %s", w.Code, w.Body)
			}
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if w, took := ask(t, h, guesser, "wrong"); w.Code != http.StatusUnauthorized || took != 2*time.Second {
					t.Errorf("answer %d after %v, want 401 after 2s", w.Code, took)
				}
			})
		}
		synctest.Wait()
		w, took := ask(t, h, "192.0.2.1:2000", newSecret)
		if w.Code != http.StatusTooManyRequests || w.Body.String() != tooMany || took != 0 {
			t.Errorf("answer %d %s after %v, want 429 at once", w.Code, w.Body, took)
		}
		if got := w.Header().Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After: %q, want 2", got)
		}
		if w, took := ask(t, h, "192.0.2.2:1000", newSecret); w.Code != http.StatusOK || took != 0 {
			t.Errorf("another client's valid call: %d after %v, want 200 at once", w.Code, took)
		}
		if w, took := ask(t, h, guesser, ""); w.Code != http.StatusUnauthorized || took != 0 {
			t.Errorf("without a secret: %d after %v, want 401 at once", w.Code, took)
		}
		all.Wait()
	})
}

func TestAddressTellsClientsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := seedOptions(t, &fakeSite{})
		client := "192.0.2.1"
		opts.Address = func(*http.Request) string { return client }
		h := newHook(t, opts)
		const proxy = "198.51.100.1:1000"
		for range 5 {
			ask(t, h, proxy, "wrong")
		}
		if _, took := ask(t, h, proxy, "wrong"); took == 0 {
			t.Error("the sixth wrong guess was answered at once")
		}
		client = "192.0.2.2"
		if _, took := ask(t, h, proxy, "wrong"); took != 0 {
			t.Errorf("the first mistake of another client took %v", took)
		}
	})
}
