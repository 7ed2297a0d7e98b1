package reprint_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

// validates makes the origin answer with body and these fields, and 304 with
// those of confirm when it is asked whether something has changed.
func (c *rfcCache) validates(body string, header, confirm []string) {
	set := func(w http.ResponseWriter, lines []string) {
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ":")
			w.Header().Add(name, strings.TrimPrefix(value, " "))
		}
	}
	c.origin.answer(func(w http.ResponseWriter, r *http.Request, n int) {
		if r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != "" {
			set(w, confirm)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		set(w, header)
		io.WriteString(w, strings.ReplaceAll(body, "#", fmt.Sprint(n)))
	})
}

// RFC 9111, section 4.3, and RFC 9110, section 13.
var rfcValidation = []rfcCase{
	{"9111-4.3.1 the validators of the stored page are sent", func(c *rfcCache) {
		modified := inGMT(-time.Hour)
		for _, v := range []struct{ etag, modified, wantNone, wantSince string }{
			{`"a"`, "", `"a"`, ""},
			{`W/"a"`, "", `W/"a"`, ""},
			{"", modified, "", modified},
			{`"a"`, modified, `"a"`, modified},
			{"a", "", "", ""},         // no entity tag
			{"", "yesterday", "", ""}, // no date
			{"", "now", "", ""},       // it may have changed again in that second (RFC 9110, section 8.8.2.2)
			{`"a"`, "now", `"a"`, ""}, // but the tag is good
			{"", "", "", ""},          // nothing to ask with
			{`"a", "b"`, "", "", ""},  // a list is no entity tag
			{`"ä"`, "", `"ä"`, ""},    // obs-text may be in one
			{`W/"a,b"`, "", `W/"a,b"`, ""},
		} {
			c.again(fmt.Sprint(v), func(c *rfcCache) {
				header := []string{"Cache-Control: max-age=10", "Date: now"}
				if v.etag != "" {
					header = append(header, "Etag: "+v.etag)
				}
				if v.modified != "" {
					header = append(header, "Last-Modified: "+v.modified)
				}
				c.say(200, "page #", header...)
				c.warm("/a")
				c.after(10 * time.Second)
				c.get("/a")
				got := c.origin.last().Header
				if got.Get("If-None-Match") != v.wantNone || got.Get("If-Modified-Since") != v.wantSince {
					c.Errorf("%v: asked with %q", v, got)
				}
			})
		}
	}},
	{"9111-4.3.1 a visitor's own conditions do not reach the render", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10", `Etag: "a"`)
		c.get("/a", "If-None-Match", `"x"`, "If-Match", `"y"`, "Range", "bytes=0-1", "If-Modified-Since", inGMT(0))
		c.wantCalls(2)
		if got := c.origin.last().Header; len(got) != 0 {
			c.Errorf("the render sees %v", got)
		}
	}},
	{"9111-4.3.2 If-None-Match is answered from the stored page", func(c *rfcCache) {
		c.say(200, "page", "Cache-Control: max-age=600", `Etag: "a"`, "Content-Location: /b", "Vary: Accept-Encoding", "Date: "+inGMT(0), "Expires: "+inGMT(time.Hour))
		c.warm("/a")
		for _, v := range []struct {
			condition string
			want      int
		}{
			{`"a"`, 304}, {`W/"a"`, 304}, {`"x", "a"`, 304}, {`"x",W/"a" , "y"`, 304}, {`*`, 304},
			{`"x"`, 200}, {`"A"`, 200}, {`a`, 200}, {`"a`, 200}, {`"x", "y"`, 200},
		} {
			r := c.get("/a", "If-None-Match", v.condition)
			if r.StatusCode != v.want {
				c.Errorf("If-None-Match: %s: %d, want %d", v.condition, r.StatusCode, v.want)
			}
			if r.StatusCode == 304 {
				// RFC 9110, section 15.4.5.
				c.wantHeader(r, "Etag", `"a"`, "Cache-Control", "max-age=600", "Content-Location", "/b", "Vary", "Accept-Encoding", "Content-Length", "")
				if r.body != "" || r.Header.Get("Date") == "" || r.Header.Get("Expires") == "" {
					c.Errorf("a 304 with %q and %v", r.body, r.Header)
				}
			}
		}
		c.wantCalls(2)
	}},
	{"9111-4.3.2 a weak tag of the origin is compared weakly", func(c *rfcCache) {
		c.say(200, "page", "Cache-Control: max-age=600", `Etag: W/"a"`)
		c.wantHeader(c.warm("/a"), "Etag", `W/"a"`)
		for condition, want := range map[string]int{`W/"a"`: 304, `"a"`: 304, `W/"b"`: 200} {
			if r := c.get("/a", "If-None-Match", condition); r.StatusCode != want {
				c.Errorf("If-None-Match: %s: %d, want %d", condition, r.StatusCode, want)
			}
		}
		// The strong comparison knows no weak tags (RFC 9110, sections 13.1.1 and 13.1.5).
		c.wantBody(c.get("/a", "If-Match", `W/"a"`), 412, "")
		c.wantBody(c.get("/a", "Range", "bytes=0-1", "If-Range", `W/"a"`), 200, "page")
	}},
	{"9111-4.3.2 If-Modified-Since is answered from the stored page", func(c *rfcCache) {
		modified := inGMT(-time.Hour)
		c.say(200, "page", "Cache-Control: max-age=600", `Etag: "a"`, "Last-Modified: "+modified, "Date: "+inGMT(0))
		c.wantHeader(c.warm("/a"), "Last-Modified", modified)
		for _, v := range []struct {
			since, none string
			want        int
		}{
			{modified, "", 304}, {inGMT(0), "", 304}, {inGMT(-2 * time.Hour), "", 200}, {"yesterday", "", 200}, {"0", "", 200},
			{modified, `"x"`, 200},              // If-None-Match decides
			{inGMT(-2 * time.Hour), `"a"`, 304}, // also that way
		} {
			headers := []string{"If-Modified-Since", v.since}
			if v.none != "" {
				headers = append(headers, "If-None-Match", v.none)
			}
			if r := c.get("/a", headers...); r.StatusCode != v.want {
				c.Errorf("%q: %d, want %d", headers, r.StatusCode, v.want)
			}
		}
		c.wantCalls(2)
	}},
	{"9111-4.3.2 without a Last-Modified of the origin If-Modified-Since", func(c *rfcCache) {
		c.say(200, "page", "Cache-Control: max-age=600")
		r := c.warm("/a")
		if got := r.Header.Get("Last-Modified"); got != "" {
			c.Errorf("the origin gave none, and the visitor gets %s", got)
		}
		// The cache may compare with when it got the page, or answer in full.
		c.wantBody(c.get("/a", "If-Modified-Since", inGMT(-time.Hour)), 200, "page")
	}},
	{"9111-4.3.2 a page without a tag of the origin gets one", func(c *rfcCache) {
		c.say(200, "page", "Cache-Control: max-age=600")
		tag := c.warm("/a").Header.Get("Etag")
		if !strings.HasPrefix(tag, `"`) {
			c.Fatalf("ETag %q", tag)
		}
		c.wantBody(c.get("/a", "If-None-Match", tag), 304, "")
	}},
	{"9111-4.3.2 conditions are for a 200 alone", func(c *rfcCache) {
		c.say(404, "none", "Cache-Control: max-age=600", `Etag: "a"`)
		c.warm("/a")
		c.wantBody(c.get("/a", "If-None-Match", `"a"`), 404, "none")
		c.wantBody(c.get("/a", "If-None-Match", "*"), 404, "none")
		c.wantBody(c.get("/a", "Range", "bytes=0-1"), 404, "none")
	}},
	{"9111-4.3.2 If-Match and If-Unmodified-Since", func(c *rfcCache) {
		modified := inGMT(-time.Hour)
		c.say(200, "page", "Cache-Control: max-age=600", `Etag: "a"`, "Last-Modified: "+modified, "Date: "+inGMT(0))
		c.warm("/a")
		c.wantBody(c.get("/a", "If-Match", `"a"`), 200, "page")
		c.wantBody(c.get("/a", "If-Match", `"x"`), 412, "")
		c.wantBody(c.get("/a", "If-Unmodified-Since", modified), 200, "page")
		c.wantBody(c.get("/a", "If-Unmodified-Since", inGMT(-2*time.Hour)), 412, "")
	}},
	{"9111-4.3.2 a stale page is validated before conditions are answered", func(c *rfcCache) {
		c.say(200, "old", "Cache-Control: max-age=10", `Etag: "a"`)
		c.warm("/a")
		c.after(11 * time.Second)
		c.say(200, "new", "Cache-Control: max-age=10", `Etag: "b"`)
		c.wantBody(c.get("/a", "If-None-Match", `"a"`), 200, "new")
		c.wantBody(c.get("/a", "If-None-Match", `"b"`), 304, "")
	}},
	{"9111-4.3.3 a 304 renews the page", func(c *rfcCache) {
		c.validates("page #", []string{"Cache-Control: max-age=10", `Etag: "a"`}, []string{"Cache-Control: max-age=10", `Etag: "a"`})
		c.warm("/a")
		for range 5 {
			c.after(10 * time.Second)
			r := c.get("/a")
			c.want(r, "fwd=stale", "stored")
			c.wantBody(r, 200, "page 2")
			c.wantHeader(r, "Age", "0")
			r = c.get("/a")
			c.want(r, "hit", "ttl=10")
			c.wantBody(r, 200, "page 2")
		}
		c.wantCalls(7)
	}},
	{"9111-4.3.3 a 304 by date", func(c *rfcCache) {
		modified := "Last-Modified: " + inGMT(-time.Hour)
		c.validates("page #", []string{"Cache-Control: max-age=10", modified, "Date: " + inGMT(0)}, []string{"Cache-Control: max-age=10"})
		c.warm("/a")
		c.after(10 * time.Second)
		c.wantBody(c.get("/a"), 200, "page 2")
		c.want(c.get("/a"), "hit", "ttl=10")
	}},
	{"9111-4.3.3 a 304 that says nothing of its life leaves it as it was", func(c *rfcCache) {
		for _, header := range []string{"Cache-Control: max-age=10", "Surrogate-Control: max-age=10", "CDN-Cache-Control: max-age=10"} {
			c.again(header, func(c *rfcCache) {
				c.validates("page #", []string{header, `Etag: "a"`, "Age: 4"}, []string{`Etag: "a"`})
				c.want(c.warm("/a"), "ttl=6")
				c.after(6 * time.Second)
				c.wantBody(c.get("/a"), 200, "page 2")
				r := c.get("/a")
				c.want(r, "hit", "ttl=10") // it comes from the origin itself: no Age
				c.wantHeader(r, "Age", "0")
			})
		}
	}},
	{"9111-4.3.3 a 304 to a visitor who asked for a whole page gives a whole page", func(c *rfcCache) {
		c.validates("page #", []string{"Cache-Control: max-age=10", `Etag: "a"`}, []string{"Cache-Control: max-age=10"})
		c.warm("/a")
		c.after(10 * time.Second)
		c.wantBody(c.get("/a"), 200, "page 2")
		c.after(10 * time.Second)
		c.wantBody(c.get("/a", "If-None-Match", `"a"`), 304, "")
	}},
	{"9111-4.3.3 a full answer takes the place of the page", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10", `Etag: "a"`, "X-Old: 1")
		c.warm("/a")
		c.after(10 * time.Second)
		c.say(200, "page #", "Cache-Control: max-age=20", `Etag: "b"`, "X-New: 1")
		r := c.get("/a")
		c.wantBody(r, 200, "page 3")
		c.wantHeader(r, "X-Old", "", "X-New", "1", "Etag", `"b"`)
		c.want(c.get("/a"), "hit", "ttl=20")
	}},
	{"9111-4.3.3 a 304 that nobody asked for is no answer", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10, stale-if-error=100")
		c.warm("/a")
		c.after(10 * time.Second)
		c.say(304, "", "Cache-Control: max-age=10")
		r := c.get("/a")
		if readStatus(r).stored {
			c.Errorf("it renewed the page: %s", r.Header.Get("Cache-Status"))
		}
	}},
	{"9111-4.3.4 a 304 updates the stored header", func(c *rfcCache) {
		c.validates("page #",
			[]string{"Cache-Control: max-age=10", `Etag: "a"`, "X-Kept: 1", "X-Changed: old", "X-Lines: 1", "X-Lines: 2", "Content-Type: text/plain", "Date: " + inGMT(0)},
			[]string{"Cache-Control: max-age=30", "X-Changed: new", "X-Lines: 3", "X-Added: 1", "Content-Language: de", "Content-Length: 0",
				"Content-Encoding: gzip", "Connection: X-Hop", "X-Hop: 1"})
		c.warm("/a")
		c.after(10 * time.Second)
		for range 2 {
			r := c.get("/a")
			c.wantBody(r, 200, "page 2")
			c.wantHeader(r, "Cache-Control", "max-age=30", "X-Kept", "1", "X-Changed", "new", "X-Lines", "3", "X-Added", "1", "Content-Type", "text/plain",
				"Content-Language", "de", "Content-Length", "6", "Content-Encoding", "", "X-Hop", "", "Etag", `"a"`)
		}
		c.after(29 * time.Second)
		c.want(c.get("/a"), "hit", "ttl=1")
	}},
	{"9111-4.3.4 a 304 of another representation updates nothing", func(c *rfcCache) {
		for _, other := range []string{`"other"`, `W/"other"`} {
			c.again(other, func(c *rfcCache) {
				c.validates("page #", []string{"Cache-Control: max-age=10", `Etag: "a"`}, []string{"Cache-Control: max-age=1000", "Etag: " + other})
				c.warm("/a")
				c.after(10 * time.Second)
				for range 2 {
					if r := c.get("/a"); r.body == "page 2" && (r.Header.Get("Etag") != `"a"` || readStatus(r).ttl > 0) {
						c.Errorf("it renewed the page: %q", r.Header)
					}
				}
			})
		}
	}},
	{"9111-4.3.4 a 304 may name a strong tag weakly", func(c *rfcCache) {
		c.validates("page #", []string{"Cache-Control: max-age=10", `Etag: "a"`}, []string{"Cache-Control: max-age=20", `Etag: W/"a"`})
		c.warm("/a")
		c.after(10 * time.Second)
		c.wantBody(c.get("/a"), 200, "page 2")
		c.want(c.get("/a"), "hit", "ttl=20")
	}},
	{"9111-4.3.4 a 304 that forbids to store", func(c *rfcCache) {
		c.validates("page #", []string{"Cache-Control: max-age=10", `Etag: "a"`}, []string{"Cache-Control: private"})
		c.warm("/a")
		c.after(10 * time.Second)
		r := c.get("/a")
		if r.body == "page 2" || r.StatusCode != 200 {
			c.Errorf("the page that is private now is served: %d %q", r.StatusCode, r.body)
		}
		for range 2 {
			if r := c.get("/a"); readStatus(r).hit || r.body == "page 2" {
				c.Errorf("it is stored still: %s", r.Header.Get("Cache-Status"))
			}
		}
	}},
	{"9111-4.3.4 a 304 with a cookie", func(c *rfcCache) {
		c.validates("page #", []string{"Cache-Control: max-age=10", `Etag: "a"`}, []string{"Cache-Control: max-age=10", "Set-Cookie: id=1"})
		c.warm("/a")
		c.after(10 * time.Second)
		for range 3 {
			if r := c.get("/a"); r.Header.Get("Set-Cookie") != "" {
				c.Errorf("a cookie of the site's own request reached a visitor: %q", r.Header)
			}
		}
	}},
	{"9111-4.3.5 HEAD is answered from the stored page", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60", `Etag: "a"`, "Content-Type: text/x-mine")
		c.warm("/a")
		r := c.do("HEAD", "/a")
		c.want(r, "hit")
		c.wantBody(r, 200, "")
		c.wantHeader(r, "Content-Length", "6", "Etag", `"a"`, "Content-Type", "text/x-mine")
		c.wantBody(c.do("HEAD", "/a", "If-None-Match", `"a"`), 304, "")
		c.wantCalls(2)
	}},
	{"9111-4.3.5 HEAD where nothing is stored passes and stores nothing", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60", "Content-Length: 6")
		r := c.do("HEAD", "/a")
		c.after(0)
		c.wantBody(r, 200, "")
		c.wantCalls(1)
		if got := c.origin.last().Method; got != "HEAD" {
			c.Errorf("the origin was asked with %s", got)
		}
		c.wantBody(c.warm("/a"), 200, "page 3")
	}},
	{"9111-4.3.5 HEAD of a stale page validates it", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10")
		c.warm("/a")
		c.after(10 * time.Second)
		r := c.do("HEAD", "/a")
		c.want(r, "fwd=stale")
		if got := c.origin.last().Method; got != "GET" {
			c.Errorf("the origin was asked with %s", got)
		}
		c.wantBody(c.get("/a"), 200, "page 3")
	}},
}

// RFC 9111, section 4.4.
var rfcInvalidation = []rfcCase{
	{"9111-4.4 an unsafe method that succeeds invalidates its target", func(c *rfcCache) {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "REPORT"} {
			for _, code := range []int{200, 201, 204, 301, 303, 308} {
				c.invalidated(method, code, true)
			}
		}
	}},
	{"9111-4.4 one that fails does not", func(c *rfcCache) {
		for _, code := range []int{400, 401, 403, 404, 409, 500, 503} {
			c.invalidated("POST", code, false)
		}
	}},
	{"9111-4.4 safe methods do not", func(c *rfcCache) {
		for _, method := range []string{"OPTIONS", "HEAD"} {
			c.invalidated(method, 200, false)
		}
	}},
	{"9111-4.4 Location and Content-Location of the same origin", func(c *rfcCache) {
		for field, want := range map[string]bool{
			"Location: /a": true, "Content-Location: /a": true, "Location: a": true, "Location: http://cache.test/a": true,
			"Location: /b": false, "Location: http://other.test/a": false, "Content-Location: http://cache.test:81/a": false, "Location: //other.test/a": false,
			"X-Location: /a": false,
		} {
			c.with(field, reprint.Options{}, invalidating, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: max-age=600")
				c.warm("/a")
				c.say(201, "done", field)
				c.wantBody(c.do("POST", "/form"), 201, "done")
				c.say(200, "page #", "Cache-Control: max-age=600")
				if got := c.get("/a").body != "page 2"; got != want {
					c.Errorf("%s: invalidated is %v, want %v", field, got, want)
				}
			})
		}
	}},
	{"9111-4.4 when the answer comes nobody gets the old page any more", func(c *rfcCache) {
		c.with("at once", reprint.Options{}, invalidating, func(c *rfcCache) {
			c.say(200, "page #", "Cache-Control: max-age=600, stale-while-revalidate=600")
			c.warm("/a")
			c.say(200, "done")
			c.do("POST", "/a")
			c.say(200, "page #", "Cache-Control: max-age=600, stale-while-revalidate=600")
			c.wantBody(c.do("GET", "/a"), 200, "page 4")
		})
	}},
	{"9111-4.4 all queries and variants of the path", func(c *rfcCache) {
		c.with("queries", reprint.Options{}, invalidating, func(c *rfcCache) {
			c.say(200, "page #", "Cache-Control: max-age=600")
			c.warm("/a")
			old := c.warm("/a?x=1").body
			c.do("POST", "/a")
			if r := c.get("/a?x=1"); r.body == old {
				c.Errorf("the page with a query stayed: %q", r.body)
			}
		})
	}},
	{"9111-4.4 a policy without Invalidate leaves pages alone", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=600")
		c.warm("/a")
		c.do("POST", "/a")
		c.wantBody(c.get("/a"), 200, "page 2")
	}},
}

func invalidating(p *reprint.Policy) { p.Invalidate = true }

// invalidated checks whether a page is asked for again after a method was answered
// with that status.
func (c *rfcCache) invalidated(method string, code int, want bool) {
	c.Helper()
	c.with(fmt.Sprint(method, code), reprint.Options{}, invalidating, func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=600")
		c.warm("/a")
		c.say(code, "done")
		if r := c.do(method, "/a"); method != "HEAD" && r.StatusCode != code {
			c.Errorf("%s: %d, want %d", method, r.StatusCode, code)
		}
		c.say(200, "page #", "Cache-Control: max-age=600")
		if got := c.get("/a").body != "page 2"; got != want {
			c.Errorf("%s %d: invalidated is %v, want %v", method, code, got, want)
		}
	})
}
