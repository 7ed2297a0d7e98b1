package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

// T-084: beyond its quota a token's calls do nothing, and are told when they will.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
		opts := withTokens(site)
		opts.Tokens[0].Quota = admin.Quota{Calls: 6, Per: time.Hour}
		opts.Tokens = append(opts.Tokens, admin.Token{Name: "other", Secrets: []string{postsSecret}})
		opts.Quotas = new(admin.Quotas)
		h := newHandler(t, opts)
		revalidate := call{target: "/v1/revalidate", body: `{"all":true}`, secret: newSecret}
		prerender := call{target: "/v1/prerender", body: `{"paths":["/a"]}`, secret: oldSecret} // of the same token
		for range 3 {
			wantStatus(t, revalidate.do(t, h), http.StatusOK)
			wantStatus(t, prerender.do(t, h), http.StatusOK)
		}
		for _, c := range []call{revalidate, prerender, {target: "/v1/revalidate", body: `{"no":1}`, secret: newSecret}} {
			w := c.do(t, h)
			wantTold(t, w, http.StatusTooManyRequests, `"editor"`, "6 calls an hour", "nothing was done", "in 600 s")
			if got := w.Header().Get("Retry-After"); got != "600" {
				t.Errorf("Retry-After: %s, want 600", got)
			}
		}
		for _, c := range []call{
			{target: "/v1/restore", body: `{"all":true,"asOf":"1999-12-31T23:00:00Z"}`}, {target: "/v1/release", body: `{"all":true}`},
			{target: "/v1/aside/3", body: `{"do":"accept"}`},
		} {
			c.secret = newSecret
			wantTold(t, c.do(t, h), http.StatusTooManyRequests, "nothing was done")
		}
		if len(site.restored)+len(site.released) > 0 {
			t.Errorf("restored %+v, released %+v", site.restored, site.released)
		}
		if len(site.applications()) != 3 || len(site.paths) != 3 {
			t.Errorf("the site was asked %d times to revalidate, and %d to prerender", len(site.applications()), len(site.paths))
		}
		// Others, and reading, are not concerned.
		other := revalidate
		other.secret = postsSecret
		for range 10 {
			wantStatus(t, other.do(t, h), http.StatusOK)
			wantStatus(t, call{target: "/v1/status", secret: newSecret}.do(t, h), http.StatusOK)
		}
		time.Sleep(599 * time.Second)
		w := revalidate.do(t, h)
		wantStatus(t, w, http.StatusTooManyRequests)
		if got := w.Header().Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After: %s, want 1", got)
		}
		time.Sleep(time.Second)
		wantStatus(t, revalidate.do(t, h), http.StatusOK)
		wantStatus(t, revalidate.do(t, h), http.StatusTooManyRequests)
		// A handler that takes this one's place knows what was used, unless the quota
		// is another.
		opts.Tokens[0].Secrets = []string{newSecret}
		wantStatus(t, revalidate.do(t, newHandler(t, opts)), http.StatusTooManyRequests)
		opts.Tokens[0].Quota.Calls = 7
		wantStatus(t, revalidate.do(t, newHandler(t, opts)), http.StatusOK)
	})
}

// Many at once are no more than the quota.
func TestQuotaOfCallsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
		opts := withTokens(site)
		opts.Tokens[0].Quota = admin.Quota{Calls: 20, Per: time.Minute}
		h := newHandler(t, opts)
		for range 100 {
			go call{target: "/v1/revalidate", body: `{"all":true}`, secret: newSecret}.do(t, h)
		}
		synctest.Wait()
		if n := len(site.applications()); n != 20 {
			t.Errorf("%d calls were let through, want 20", n)
		}
	})
}

func TestQuotasThatMeanNothing(t *testing.T) {
	for _, quota := range []admin.Quota{{Calls: 1}, {Per: time.Second}, {Calls: -1, Per: time.Second}, {Calls: 1, Per: -1}} {
		opts := withTokens(&fakeSite{})
		opts.Tokens[0].Quota = quota
		if _, err := admin.New(opts); err == nil || !strings.Contains(err.Error(), `token "editor": Quota`) {
			t.Errorf("%+v: error %v", quota, err)
		}
	}
	for want, quota := range map[string]admin.Quota{
		"1 call a second": {Calls: 1, Per: time.Second}, "2 calls a minute": {Calls: 2, Per: time.Minute}, "3 calls in 2h0m0s": {Calls: 3, Per: 2 * time.Hour},
	} {
		if got := fmt.Sprint(quota); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
