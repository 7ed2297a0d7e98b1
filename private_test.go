package reprint_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprint-go/reprint"
)

const marker = "zz-evil-marker"

// unkeyed are a hundred request headers that have made some cache, framework or
// server answer differently.
var unkeyed = strings.Fields(`
	Accept Accept-Charset Accept-Datetime Accept-Encoding Accept-Language Access-Control-Request-Headers
	Access-Control-Request-Method A-Im Base-Url Cache-Control Cdn-Loop Cf-Connecting-Ip Cf-Ipcountry Cf-Ray
	Cf-Visitor Client-Ip Content-Disposition Content-Encoding Content-Language Content-Location
	Content-Security-Policy Cookie Destination Device-Memory Dnt Downlink Early-Data Expect-Ct Fastly-Client-Ip
	Forwarded Forwarded-For Forwarded-Proto From Front-End-Https Host-Override If-Match If-Modified-Since
	If-None-Match If-Range If-Unmodified-Since Max-Forwards Next-Action Next-Resume Next-Router-Prefetch
	Next-Router-State-Tree Next-Url Origin Pragma Prefer Priority Proxy-Authorization Proxy-Host Purpose Range
	Referer Request-Id Rsc Save-Data Sec-Ch-Ua Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Gpc Te Trailer
	Traceparent Translate True-Client-Ip Upgrade-Insecure-Requests User-Agent Via Viewport-Width Wap-Profile
	X-Astro-Path X-Correlation-Id X-Csrf-Token X-Device X-Forwarded-For X-Forwarded-Host X-Forwarded-Port
	X-Forwarded-Prefix X-Forwarded-Proto X-Forwarded-Scheme X-Forwarded-Server X-Host X-Http-Host-Override
	X-Http-Method-Override X-Invoke-Path X-Matched-Path X-Method-Override X-Middleware-Prefetch
	X-Middleware-Subrequest X-Nextjs-Data X-Now-Route-Matches X-Original-Host X-Original-Url X-Prerender-Revalidate
	X-Real-Ip X-Requested-With X-Rewrite-Url X-Scheme X-Wap-Profile`)

// echo prints everything that a request could say.
func echo(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s %s %s %s\n", r.Method, r.Host, r.URL, r.RequestURI)
	fmt.Fprintln(w, r.Header, r.Trailer, r.Form, r.PostForm, r.RemoteAddr, r.TLS, r.Cookies(), r.UserAgent(), r.Referer())
	body, _ := io.ReadAll(r.Body)
	w.Write(body)
}

func TestP6NothingOfAVisitorReachesAStoredPage(t *testing.T) {
	if len(unkeyed) < 100 {
		t.Fatalf("only %d headers", len(unkeyed))
	}
	store := reprint.NewMemoryStore(0)
	site := newSite(t, reprint.Options{Store: store})
	handle(t, site, "/p/{id}", echo, reprint.Policy{Query: []string{"page"}, Vary: []reprint.Vary{{Header: "X-Theme", Values: []string{"light", "dark"}}}})
	server := httptest.NewServer(site)
	defer server.Close()
	for i, name := range unkeyed {
		path := fmt.Sprintf("/p/%d", i)
		dirty, err := http.NewRequest("GET", server.URL+path+"?utm_source="+marker+"&"+marker+"=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		dirty.Header[name] = []string{marker}
		dirty.Header.Add("Cookie", "session="+marker)
		dirty.Header.Set("X-Theme", marker)
		for range 2 {
			resp, err := server.Client().Do(dirty.Clone(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			if body := text(resp); strings.Contains(body, marker) {
				t.Errorf("%s: the visitor's own answer shows the marker: %s", name, body)
			}
		}
		clean, body := request(t, server.Client(), server.URL, "GET", path)
		if clean != 200 || strings.Contains(body, marker) {
			t.Errorf("%s: everybody's page: %d %s", name, clean, body)
		}
		page, err := store.Page(t.Context(), reprint.Key{Path: path, Variant: "X-Theme=light"})
		if err != nil || page == nil {
			t.Fatalf("%s: page %v, %v", name, page, err)
		}
		if bytes.Contains(page.Body, []byte(marker)) || strings.Contains(fmt.Sprint(page.Header, page.Tags, page.Key), marker) {
			t.Errorf("%s: the stored page holds the marker", name)
		}
	}
}

func TestWhatSaysThatItIsPrivateIsNotStored(t *testing.T) {
	for name, header := range map[string][2]string{
		"cookie":           {"Set-Cookie", "sid=%d"},
		"private":          {"Cache-Control", "PRIVATE"},
		"second line":      {"Cache-Control", "max-age=60, no-store"},
		"with argument":    {"Cache-Control", `private="x-user"`},
		"no-cache":         {"Cache-Control", `no-cache="set-cookie"`},
		"malformed":        {"Cache-Control", `max-age=60, "no-store`},
		"vary cookie":      {"Vary", "Accept-Encoding, cookie"},
		"vary star":        {"Vary", " * "},
		"content-encoding": {"Content-Encoding", "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := reprint.NewMemoryStore(0)
				site := newSite(t, reprint.Options{Store: store})
				n := 0
				var mu sync.Mutex
				handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					defer mu.Unlock()
					n++
					w.Header().Add("Cache-Control", "max-age=60")
					if strings.Contains(header[1], "%d") {
						w.Header().Set(header[0], fmt.Sprintf(header[1], n))
					} else {
						w.Header().Add(header[0], header[1])
					}
					fmt.Fprintf(w, "answer %d for %s", n, r.Header.Get("X-User"))
				}, reprint.Policy{})
				answers := map[string]bool{}
				for i := range 20 { // twenty at once: none gets another's
					go func() {
						r := get(site, "/a", "X-User", fmt.Sprint(i))
						body := text(r)
						mu.Lock()
						defer mu.Unlock()
						answers[body] = true
						if !strings.HasSuffix(body, fmt.Sprintf("for %d", i)) {
							t.Errorf("visitor %d got %q (%s)", i, body, r.Header.Get("Cache-Status"))
						}
						wantCacheStatus(t, r, "fwd=bypass", "private")
					}()
				}
				synctest.Wait()
				if len(answers) != 20 {
					t.Errorf("%d different answers for 20 visitors", len(answers))
				}
				if page, _ := store.Page(context.Background(), reprint.Key{Path: "/a"}); page != nil {
					t.Error("it was stored")
				}
				receipt, err := site.Apply(t.Context(), reprint.Revalidation{Paths: []string{"/a"}})
				if err != nil || receipt.Skipped != 1 {
					t.Errorf("revalidated: %+v, %v; nothing is stored, so nothing is old", receipt, err)
				}
			})
		})
	}
}

func TestARequestWithAuthorizationIsPassedThrough(t *testing.T) {
	site := newSite(t, reprint.Options{})
	handle(t, site, "/a", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600")
		fmt.Fprintf(w, "for %q", r.Header.Get("Authorization"))
	}, reprint.Policy{})
	r := get(site, "/a", "Authorization", "Bearer A")
	wantCacheStatus(t, r, "fwd=bypass", "authorization")
	wantBody(t, r, 200, `for "Bearer A"`)
	wantBody(t, get(site, "/a"), 200, `for ""`)
	wantBody(t, get(site, "/a", "Authorization", "Bearer B"), 200, `for "Bearer B"`)
}

func TestDraftMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := reprint.NewMemoryStore(0)
		site := newSite(t, reprint.Options{Store: store, DraftSecret: []byte("0123456789abcdef")})
		handle(t, site, "/posts/{id}", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=600")
			time.Sleep(time.Second)
			fmt.Fprintf(w, "draft %v", reprint.IsDraft(r.Context()))
		}, reprint.Policy{Fallback: reprint.NotFound, Prerender: list("/posts/1")})
		cookie := draftCookie(t, site, time.Hour)

		// A draft neither leads nor joins a public render, nor is it stored.
		draft := make(chan *http.Response)
		go func() { draft <- get(site, "/posts/1", "Cookie", cookie) }()
		synctest.Wait()
		wantBody(t, get(site, "/posts/1"), 200, "draft false")
		r := <-draft
		if cc := r.Header.Get("Cache-Control"); !contains(cc, "private") || !contains(cc, "no-store") {
			t.Errorf("a draft is sent with %q", cc)
		}
		wantCacheStatus(t, r, "fwd=bypass", "detail=draft")
		wantBody(t, r, 200, "draft true")
		wantBody(t, get(site, "/posts/1"), 200, "draft false")

		// A draft may be of a path that is not listed yet.
		wantBody(t, get(site, "/posts/2", "Cookie", cookie), 200, "draft true")
		wantBody(t, get(site, "/posts/2"), 404, "404 page not found\n")

		// Forged, cut, extended, of another site, over: none of them counts.
		other := newSite(t, reprint.Options{DraftSecret: []byte("another secret of 16")})
		foreign := draftCookie(t, other, time.Hour)
		for _, bad := range []string{cookie[:len(cookie)-1], cookie + "x", foreign, "__reprint_draft=1", "__reprint_draft="} {
			wantBody(t, get(site, "/posts/1", "Cookie", bad), 200, "draft false")
		}
		time.Sleep(time.Hour)
		wantBody(t, get(site, "/posts/1", "Cookie", cookie), 200, "draft false")
	})
}

func draftCookie(t *testing.T, site *reprint.Site, life time.Duration) string {
	w := httptest.NewRecorder()
	if err := site.SetDraft(w, httptest.NewRequest("GET", "/", nil), life); err != nil {
		t.Fatal(err)
	}
	c := w.Result().Cookies()[0]
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.MaxAge != int(life/time.Second) {
		t.Errorf("cookie %+v", c)
	}
	return c.Name + "=" + c.Value
}

func TestDraftModeNeedsASecret(t *testing.T) {
	site := newSite(t, reprint.Options{})
	if err := site.SetDraft(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), time.Hour); err == nil {
		t.Error("a draft cookie was made without a secret")
	}
	if _, err := reprint.New(reprint.Options{DraftSecret: []byte("short")}); err == nil {
		t.Error("a short secret was accepted")
	}
}

func TestPrivateUnderANameThatIsNotCanonicalIsNotStored(t *testing.T) {
	for name, value := range map[string]string{
		"cache-control": "private", "CACHE-CONTROL": "no-store", "set-cookie": "sid=1", "vary": "Cookie",
	} {
		site := newSite(t, reprint.Options{})
		handle(t, site, "/account", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()[name] = []string{value}
			io.WriteString(w, "for you")
		}, reprint.Policy{})
		for range 2 {
			wantCacheStatus(t, get(site, "/account"), "fwd=bypass", "private")
		}
	}
}

func TestAPageThatStaysPrivateForHoursCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newSite(t, reprint.Options{})
		handle(t, site, "/account", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "private")
			io.WriteString(w, "for you")
		}, reprint.Policy{})
		for range 100 {
			wantBody(t, get(site, "/account"), 200, "for you")
			time.Sleep(2*time.Minute + time.Second)
		}
	})
}
