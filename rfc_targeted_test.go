package reprint_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// RFC 9211.
var rfcCacheStatus = []rfcCase{
	{"9211-2 every answer has one member of its own that the grammar allows", func(c *rfcCache) {
		check := func(r rfcAnswer) {
			c.Helper()
			if s := readStatus(r); s.problem != "" {
				c.Errorf("%q: %s", r.Header["Cache-Status"], s.problem)
			}
		}
		c.say(200, "page #", "Cache-Control: max-age=10, stale-while-revalidate=10, stale-if-error=10", `Etag: "a"`)
		check(c.get("/a"))
		check(c.get("/a"))
		check(c.get("/a", "If-None-Match", `"a"`))
		check(c.get("/a", "If-Match", `"b"`))
		check(c.get("/a", "Range", "bytes=0-1"))
		check(c.get("/a", "Range", "bytes=50-"))
		check(c.do("HEAD", "/a"))
		check(c.do("POST", "/a"))
		check(c.do("OPTIONS", "/a"))
		check(c.get("/a", "Authorization", "x"))
		// Not here: a 504 to only-if-cached, which is neither a hit nor forwarded.
		check(c.get("/none", "Cache-Control", "no-store"))
		check(c.get("/a%2f..%2fb"))
		check(c.get("/a?x=%zz"))
		c.after(11 * time.Second)
		check(c.get("/a")) // stale while revalidated
		c.after(21 * time.Second)
		check(c.get("/a")) // waits
		c.say(500, "down")
		c.after(21 * time.Second)
		check(c.get("/a"))
		check(c.get("/a"))
		c.after(time.Hour)
		check(c.get("/a"))
		check(c.get("/b"))
	}},
	{"9211-2.1 hit, and 2.4 ttl", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10, stale-while-revalidate=10", "Age: 3")
		c.warm("/a")
		c.after(2 * time.Second)
		c.want(c.get("/a"), "hit", "ttl=5")
		c.after(7 * time.Second)
		if s := readStatus(c.do("GET", "/a")); !s.hit || s.ttl != -2 {
			c.Errorf("a stale hit: %+v", s)
		}
	}},
	{"9211-2.2 fwd says why the request went forward", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10")
		for _, v := range []struct {
			r    rfcAnswer
			want string
		}{
			{c.do("POST", "/a"), "method"},
			{c.get("/a", "Authorization", "x"), "bypass"},
			{c.get("/a"), "uri-miss"},
		} {
			if s := readStatus(v.r); s.hit || s.fwd != v.want {
				c.Errorf("%q, want fwd=%s", v.r.Header["Cache-Status"], v.want)
			}
		}
		c.after(10 * time.Second)
		c.want(c.get("/a"), "fwd=stale")
	}},
	{"9211-2.3 fwd-status, 2.5 stored", func(c *rfcCache) {
		c.say(404, "none", "Cache-Control: max-age=10", `Etag: "a"`)
		if s := readStatus(c.get("/a")); s.stored {
			c.Error("the answer of a visitor's own request is not what is stored")
		}
		c.after(10 * time.Second)
		c.want(c.get("/a"), "fwd=stale", "fwd-status=404", "stored")
		if s := readStatus(c.get("/a")); s.stored || s.fwdStatus != absentNumber {
			c.Errorf("a hit stored nothing: %+v", s)
		}
	}},
	{"9211-2.3 fwd-status of a page that a 304 renewed", func(c *rfcCache) {
		c.validates("page #", []string{"Cache-Control: max-age=10", `Etag: "a"`}, []string{"Cache-Control: max-age=10"})
		c.warm("/a")
		c.after(10 * time.Second)
		c.want(c.get("/a"), "fwd=stale", "fwd-status=304", "stored")
	}},
	{"9211-2 caches nearer to the origin come first", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: no-store", "Cache-Status: Inner; hit; ttl=5", "Cache-Status: \"second one\"; fwd=miss")
		r := c.get("/a")
		got := strings.Join(r.Header.Values("Cache-Status"), ", ")
		if !strings.HasPrefix(got, `Inner; hit; ttl=5, "second one"; fwd=miss, reprint; fwd=`) {
			c.Errorf("Cache-Status: %s", got)
		}
	}},
	{"9211-2 on a page of this cache there is no other cache's status", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60", "Cache-Status: Inner; hit; ttl=5")
		c.wantHeader(c.warm("/a"), "Cache-Status", "reprint; hit; ttl=60")
	}},
}

// RFC 9213.
var rfcTargeted = []rfcCase{
	{"9213-2.2 a valid CDN-Cache-Control replaces Cache-Control and Expires", func(c *rfcCache) {
		c.freshFor(20, "CDN-Cache-Control: max-age=20", "Cache-Control: max-age=10", "Expires: "+inGMT(time.Hour))
		c.freshFor(20, "CDN-Cache-Control: max-age=20", "Cache-Control: private, no-store")
		c.freshFor(20, "CDN-Cache-Control: max-age=20", "Cache-Control: no-cache, max-age=0", "Expires: 0")
		c.freshFor(20, "CDN-Cache-Control: max-age=20", `Cache-Control: "`)
		c.freshFor(0, "CDN-Cache-Control: no-store", "Cache-Control: max-age=60")
		c.freshFor(0, "CDN-Cache-Control: private", "Cache-Control: public, max-age=60")
		c.freshFor(0, "CDN-Cache-Control: no-cache, max-age=60", "Cache-Control: max-age=60")
		c.freshFor(0, "CDN-Cache-Control: max-age=0", "Cache-Control: max-age=60")
		c.freshFor(0, "CDN-Cache-Control: public", "Cache-Control: max-age=60", "Expires: "+inGMT(time.Hour))
	}},
	{"9213-2.1 an empty or malformed field is ignored", func(c *rfcCache) {
		for _, value := range []string{"", "max-age=20, &&&", "max-age=20,", "Max-Age=20", `max-age="20`, ",", "max-age=1234567890123456", "max-age=20; no-store;;"} {
			c.freshFor(10, "CDN-Cache-Control: "+value, "Cache-Control: max-age=10")
			c.freshFor(0, "CDN-Cache-Control: "+value, "Cache-Control: private")
			c.freshFor(0, "CDN-Cache-Control: "+value)
		}
	}},
	{"9213-2.1 it is a dictionary", func(c *rfcCache) {
		c.freshFor(20, "CDN-Cache-Control: max-age=20;x=1, public;y")
		c.freshFor(20, "CDN-Cache-Control: public", "CDN-Cache-Control: max-age=20")
		c.freshFor(20, "CDN-Cache-Control: max-age=10, max-age=20")
		c.freshFor(20, `CDN-Cache-Control: x="private, no-store", max-age=20`)
		c.freshFor(20, "CDN-Cache-Control: unknown=(a b), max-age=20")
		for _, value := range []string{`max-age="20"`, "max-age=20.0", "max-age=-20", "max-age", "max-age=?1", "max-age=(20)", "max-age=x"} {
			c.freshFor(0, "CDN-Cache-Control: "+value, "Cache-Control: max-age=60")
		}
	}},
	{"9213-2.2 must-revalidate and the stale times in it", func(c *rfcCache) {
		for _, v := range []struct {
			cdn, general string
			want         int // when the origin is down
		}{
			{"max-age=10, must-revalidate", "max-age=10, stale-if-error=100", 503},
			{"max-age=10, stale-if-error=100", "max-age=10, must-revalidate", 200},
			{"max-age=10, stale-if-error=0", "max-age=10, stale-if-error=100", 503},
		} {
			c.again(fmt.Sprint(v), func(c *rfcCache) {
				c.say(200, "page #", "CDN-Cache-Control: "+v.cdn, "Cache-Control: "+v.general)
				c.warm("/a")
				c.after(11 * time.Second)
				c.say(503, "down")
				if r := c.get("/a"); r.StatusCode != v.want {
					c.Errorf("%v: %d", v, r.StatusCode)
				}
			})
		}
	}},
	{"9213-2.2 the field is passed on, and Cache-Control unchanged beside it", func(c *rfcCache) {
		c.say(200, "page #", "CDN-Cache-Control: max-age=60, x=1", "Cache-Control: private, max-age=5")
		for range 2 {
			c.wantHeader(c.get("/a"), "CDN-Cache-Control", "max-age=60, x=1", "Cache-Control", "private, max-age=5")
		}
	}},
	{"9213-2.2 fields that are for others are passed on and not obeyed", func(c *rfcCache) {
		c.say(200, "page #", "Other-Cache-Control: no-store", "Cache-Control: max-age=60")
		c.wantHeader(c.warm("/a"), "Other-Cache-Control", "no-store")
		c.freshFor(0, "Other-Cache-Control: max-age=60")
	}},
	{"surrogate Surrogate-Control comes before Cache-Control", func(c *rfcCache) {
		c.freshFor(20, "Surrogate-Control: max-age=20", "Cache-Control: private, max-age=10")
		c.freshFor(0, "Surrogate-Control: no-store", "Cache-Control: max-age=10")
		c.freshFor(20, "CDN-Cache-Control: max-age=20", "Surrogate-Control: no-store")
		c.freshFor(20, `Surrogate-Control: max-age=20, content="ESI/1.0"`)
		c.freshFor(10, `Surrogate-Control: content="ESI/1.0"`, "Cache-Control: max-age=10")
		c.freshFor(0, `Surrogate-Control: content="ESI/1.0"`, "Cache-Control: private")
		c.freshFor(0, "Surrogate-Control: max-age=20;other", "Cache-Control: max-age=60")
	}},
	{"surrogate max-age=N+M", func(c *rfcCache) {
		c.say(200, "page #", "Surrogate-Control: max-age=10+10")
		c.warm("/a")
		c.say(503, "down")
		c.after(15 * time.Second)
		c.wantBody(c.do("GET", "/a"), 200, "page 2")
		c.after(6 * time.Second)
		if r := c.get("/a"); r.StatusCode != http.StatusServiceUnavailable {
			c.Errorf("after the time beyond: %d %q", r.StatusCode, r.body)
		}
	}},
	{"surrogate Surrogate-Control does not leave the house", func(c *rfcCache) {
		c.say(200, "page #", "Surrogate-Control: max-age=60")
		for range 2 {
			c.wantHeader(c.get("/a"), "Surrogate-Control", "")
		}
		// Nor on what is passed through for other reasons.
		c.wantHeader(c.get("/a", "Authorization", "x"), "Surrogate-Control", "")
		c.wantHeader(c.do("POST", "/a"), "Surrogate-Control", "")
		c.wantHeader(c.get("/b", "Cache-Control", "no-store"), "Surrogate-Control", "")
		c.say(200, "page #", "Surrogate-Control: no-store")
		c.wantHeader(c.get("/c"), "Surrogate-Control", "")
	}},
	{"surrogate what it said outlives a 304 without it", func(c *rfcCache) {
		for _, general := range []string{"private", "max-age=1000", "max-age=0"} {
			c.again(general, func(c *rfcCache) {
				c.validates("page #", []string{"Surrogate-Control: max-age=10", "Cache-Control: " + general, `Etag: "a"`},
					[]string{"Cache-Control: " + general, `Etag: "a"`})
				c.warm("/a")
				c.after(10 * time.Second)
				c.wantBody(c.get("/a"), 200, "page 2")
				r := c.get("/a")
				if s := readStatus(r); !s.hit || s.ttl != 10 || r.body != "page 2" {
					c.Errorf("beside %q: %s %q, want another 10 s", general, r.Header.Get("Cache-Status"), r.body)
				}
			})
		}
	}},
}
