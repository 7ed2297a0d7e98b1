package reprint_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

// inGMT is a moment from now as a field has it.
func inGMT(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }

// freshFor checks that a page with this header is fresh for that many seconds and
// no longer; 0: that it is not stored.
func (c *rfcCache) freshFor(seconds int, header ...string) {
	c.Helper()
	c.again(fmt.Sprintf("%d s: %q", seconds, header), func(c *rfcCache) {
		c.Helper()
		c.say(200, "page #", header...)
		if seconds == 0 {
			c.wantNotStored("/a")
			return
		}
		if s := readStatus(c.warm("/a")); s.ttl != int64(seconds) {
			c.Errorf("%q: ttl is %d, want %d", header, s.ttl, seconds)
		}
		c.after(time.Duration(seconds)*time.Second - time.Second)
		c.wantBody(c.get("/a"), 200, "page 2")
		c.after(time.Second)
		c.say(200, "page #", "Cache-Control: max-age=60") // what it said before may be over
		r := c.get("/a")
		c.want(r, "fwd=stale")
		c.wantBody(r, 200, "page 3")
	})
}

// RFC 9111, section 4.2, 5.1 and 5.3.
var rfcFreshness = []rfcCase{
	{"9111-4.2 a page is fresh while its lifetime is above its age", func(c *rfcCache) {
		for _, seconds := range []int{1, 2, 60, 3600, 31536000} {
			c.freshFor(seconds, fmt.Sprintf("Cache-Control: max-age=%d", seconds))
		}
	}},
	{"9111-4.2.1 s-maxage, then max-age, then Expires", func(c *rfcCache) {
		c.freshFor(20, "Cache-Control: max-age=10, s-maxage=20", "Expires: "+inGMT(30*time.Second))
		c.freshFor(10, "Cache-Control: max-age=20, s-maxage=10")
		c.freshFor(20, "Cache-Control: max-age=20", "Expires: "+inGMT(-time.Hour))
		c.freshFor(30, "Expires: "+inGMT(30*time.Second))
		c.freshFor(0, "Cache-Control: max-age=60, s-maxage=0")
		c.freshFor(0, "Cache-Control: max-age=0", "Expires: "+inGMT(time.Hour))
	}},
	{"9111-4.2.1 of two values the first counts", func(c *rfcCache) {
		c.freshFor(10, "Cache-Control: max-age=10, max-age=20")
		c.freshFor(20, "Cache-Control: max-age=20", "Cache-Control: max-age=10")
		c.freshFor(10, "Expires: "+inGMT(10*time.Second), "Expires: "+inGMT(20*time.Second))
		c.freshFor(0, "Cache-Control: max-age=0, max-age=20")
	}},
	{"9111-4.2.1 freshness that cannot be read is none", func(c *rfcCache) {
		for _, value := range []string{"max-age=x", "max-age=-1", "max-age=1.5", `max-age="60"`, "max-age", "max-age=", "max-age=60s", "s-maxage=x, max-age=60", "max-age=60 s-maxage=60", "max-age:60"} {
			c.freshFor(0, "Cache-Control: "+value)
			c.freshFor(0, "Cache-Control: "+value, "Expires: "+inGMT(time.Hour))
		}
	}},
	{"9111-1.2.2 a number too large is a very long time", func(c *rfcCache) {
		for _, n := range []string{"2147483648", "2147483649", "9223372036854775808", strings.Repeat("9", 100)} {
			c.again(n, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: max-age="+n)
				if s := readStatus(c.warm("/a")); s.ttl != 1<<31 {
					c.Errorf("max-age=%s: ttl is %d", n, s.ttl)
				}
				c.after(365 * 24 * time.Hour)
				c.want(c.get("/a"), "hit")
			})
		}
	}},
	{"9111-4.2.2 freshness is never guessed", func(c *rfcCache) {
		c.say(200, "page #", "Last-Modified: "+inGMT(-1000*time.Hour), "Date: "+inGMT(0), `Etag: "a"`, "Cache-Control: public")
		c.wantNotStored("/a")
	}},
	{"9111-4.2.3 the age with which a response comes counts", func(c *rfcCache) {
		c.freshFor(30, "Cache-Control: max-age=60", "Age: 30")
		c.freshFor(0, "Cache-Control: max-age=60", "Age: 60")
		c.freshFor(0, "Cache-Control: max-age=60", "Age: 99999999999999999999")
		c.freshFor(30, "Cache-Control: max-age=60", "Age: 30, 10")
		c.freshFor(60, "Cache-Control: max-age=60", "Age: x")
		c.freshFor(60, "Cache-Control: max-age=60", "Age: -30")
		c.freshFor(40, "Cache-Control: max-age=60", "Date: "+inGMT(-20*time.Second))
		c.freshFor(30, "Cache-Control: max-age=60", "Date: "+inGMT(-20*time.Second), "Age: 30")
		c.freshFor(60, "Cache-Control: max-age=60", "Date: "+inGMT(20*time.Second))
		c.freshFor(60, "Cache-Control: max-age=60", "Date: then")
		c.freshFor(20, "Expires: "+inGMT(20*time.Second), "Date: "+inGMT(-10*time.Second))
	}},
	{"9111-4.2.3 the time that a response takes counts", func(c *rfcCache) {
		c.origin.answer(func(w http.ResponseWriter, _ *http.Request, n int) {
			time.Sleep(10 * time.Second)
			w.Header().Set("Cache-Control", "max-age=60")
			fmt.Fprintf(w, "page %d", n)
		})
		c.get("/a")
		c.after(10 * time.Second)
		r := c.get("/a")
		c.want(r, "hit", "ttl=50")
		c.wantHeader(r, "Age", "10")
	}},
	{"9111-5.1 Age is how long ago the response was made", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=600", "Age: 30", "Date: "+inGMT(-20*time.Second))
		c.wantHeader(c.warm("/a"), "Age", "30")
		c.after(99 * time.Second)
		c.wantHeader(c.get("/a"), "Age", "129")
		c.wantHeader(c.get("/a", "If-None-Match", c.get("/a").Header.Get("Etag")), "Age", "129")
	}},
	{"9111-5.1 a response that is passed through keeps the Age of its origin", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: no-store", "Age: 30")
		c.wantHeader(c.get("/a"), "Age", "30")
		c.say(200, "page #", "Cache-Control: no-store")
		c.wantHeader(c.get("/a"), "Age", "")
	}},
	{"9110-6.6.1 the Date of the origin stays", func(c *rfcCache) {
		date := inGMT(-5 * time.Second)
		c.say(200, "page #", "Cache-Control: max-age=600", "Date: "+date)
		c.wantHeader(c.get("/a"), "Date", date)
		c.after(time.Minute)
		c.wantHeader(c.get("/a"), "Date", date)
	}},
	{"9111-5.3 Expires that is no date is in the past", func(c *rfcCache) {
		tomorrow := time.Now().Add(24 * time.Hour).UTC()
		for _, value := range []string{
			"0", "", "-1", "never", "60", tomorrow.Format("Mon, 02 Jan 2006 15:04:05"), tomorrow.Format("Mon, 02 Jan 2006 15:04:05 AEST"),
			tomorrow.Format("Mon, 02 Jan 06 15:04:05 GMT"), tomorrow.Format("Mon 02 Jan 2006 15:04:05 GMT"), tomorrow.Format("Mon, 02-Jan-2006 15:04:05 GMT"),
			tomorrow.Format("Mon, 02 Jan 2006 15.04.05 GMT"), tomorrow.Format(time.RFC3339), inGMT(-time.Second), inGMT(0),
		} {
			c.freshFor(0, "Expires: "+value)
		}
	}},
	{"9111-5.3 Expires in the obsolete forms", func(c *rfcCache) {
		then := func() time.Time { return time.Now().Add(30 * time.Second).UTC() } // time passes between them
		c.freshFor(30, "Expires: "+then().Format("Monday, 02-Jan-06 15:04:05 GMT"))
		c.freshFor(30, "Expires: "+then().Format(time.ANSIC))
		c.freshFor(30, "Expires: "+strings.ToLower(then().Format(http.TimeFormat)))
	}},
	{"9111-5.3 a page without Date keeps what Expires said when it came", func(c *rfcCache) {
		c.say(200, "page #", "Expires: "+inGMT(10*time.Second))
		c.warm("/a")
		c.after(20 * time.Second)
		c.wantNotSame(c.get("/a"), "page 2") // the origin says the same still: it is over
		c.wantNotSame(c.get("/a"), "page 2")
	}},
	{"9111-5.4 Pragma changes nothing", func(c *rfcCache) {
		c.freshFor(30, "Cache-Control: max-age=30", "Pragma: no-cache")
		c.freshFor(0, "Pragma: max-age=30")
	}},
	{"9111-5.5 Warning is passed on as it is and none is made", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10, stale-while-revalidate=60", `Warning: 199 origin "old"`)
		c.wantHeader(c.warm("/a"), "Warning", `199 origin "old"`)
		c.after(11 * time.Second)
		c.wantHeader(c.get("/a"), "Warning", `199 origin "old"`) // it is stale: no 110
	}},
}

// RFC 9111, section 5.2.1: directives in requests.
var rfcRequests = []rfcCase{
	{"9111-5.2.1.5 no-store in a request", func(c *rfcCache) {
		for _, value := range []string{"no-store", "No-Store", "max-age=0, no-store"} {
			c.again(value, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: max-age=60")
				for n := range 3 {
					r := c.get("/a", "Cache-Control", value)
					c.want(r, "fwd=bypass")
					c.wantCalls(n + 1)
				}
				c.want(c.get("/a"), "fwd=uri-miss")
			})
		}
	}},
	{"9111-5.2.1.5 what is stored already may be the answer to it", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60")
		c.warm("/a")
		c.want(c.get("/a", "Cache-Control", "no-store"), "hit")
		c.wantCalls(2)
	}},
	{"9111-5.2.1.7 only-if-cached", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10")
		r := c.get("/a", "Cache-Control", "only-if-cached")
		if r.StatusCode != http.StatusGatewayTimeout {
			c.Errorf("nothing is stored: %d", r.StatusCode)
		}
		c.wantHeader(r, "Cache-Control", "no-store")
		c.wantCalls(0)
		c.warm("/a")
		r = c.get("/a", "Cache-Control", "only-if-cached")
		c.want(r, "hit")
		c.wantBody(r, 200, "page 2")
		c.after(11 * time.Second)
		if r := c.get("/a", "Cache-Control", "only-if-cached"); r.StatusCode != http.StatusGatewayTimeout {
			c.Errorf("what is stored is stale: %d", r.StatusCode)
		}
		c.wantCalls(2)
	}},
	{"9111-5.2.1 what asks for something newer does not make the origin work", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=600")
		c.warm("/a")
		c.after(100 * time.Second)
		for _, value := range []string{"no-cache", "max-age=0", "max-age=10", "min-fresh=1000", "no-cache, max-age=0", "no-transform", "x=y", `"`} {
			r := c.get("/a", "Cache-Control", value)
			c.want(r, "hit")
			c.wantBody(r, 200, "page 2")
		}
		c.want(c.get("/a", "Pragma", "no-cache"), "hit") // 5.4
		c.wantCalls(2)
	}},
	{"9111-5.2.1.2 max-stale does not make anybody get a stale page", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10")
		c.warm("/a")
		c.after(20 * time.Second)
		for _, value := range []string{"max-stale=1000", "max-stale"} {
			r := c.get("/a", "Cache-Control", value)
			c.want(r, "fwd=stale")
			c.wantBody(r, 200, "page "+strconv.Itoa(c.origin.calls()))
			c.after(20 * time.Second)
		}
	}},
}

// RFC 9111, section 5.2.2: directives in responses that no other section is about.
var rfcResponses = []rfcCase{
	{"9111-5.2.2.3 must-understand does not lift no-store", func(c *rfcCache) {
		c.freshFor(0, "Cache-Control: must-understand, no-store, max-age=60")
		c.freshFor(60, "Cache-Control: must-understand, max-age=60")
	}},
	{"9111-5.2.2.4 no-cache is not stored, with names of fields neither", func(c *rfcCache) {
		for _, value := range []string{"no-cache", "no-cache, max-age=60", `no-cache="x-any", max-age=60`, "No-Cache, s-maxage=60", "no-cache=x, max-age=60"} {
			c.freshFor(0, "Cache-Control: "+value)
		}
	}},
	{"9111-5.2.2.6 no-transform: a body is never changed", func(c *rfcCache) {
		c.say(200, "<p>page</p>", "Cache-Control: max-age=60, no-transform", "Content-Type: text/html")
		r := c.warm("/a", "Accept-Encoding", "gzip")
		c.wantBody(r, 200, "<p>page</p>")
		c.wantHeader(r, "Content-Type", "text/html", "Content-Encoding", "")
	}},
	{"9111-5.2.2.9 public alone says no time", func(c *rfcCache) {
		c.freshFor(0, "Cache-Control: public")
		c.freshFor(30, "Cache-Control: public, max-age=30")
	}},
	{"9111-5.2.3 an unknown directive is ignored", func(c *rfcCache) {
		for _, value := range []string{"immutable", "x-mine", "x-mine=1", `x-mine="private, no-store"`, "x-no-store", "x=no-cache"} {
			c.freshFor(30, "Cache-Control: "+value+", max-age=30")
		}
	}},
	{"9111-5.2 what cannot be read may hide a directive", func(c *rfcCache) {
		for _, value := range []string{`max-age=60, x="`, "max-age=60; private", "max-age=60, max age=60"} {
			c.freshFor(0, "Cache-Control: "+value)
		}
	}},
	{"9111-5.2 directives are compared without regard to case", func(c *rfcCache) {
		c.freshFor(30, "Cache-Control: MAX-AGE=30, Public")
		c.freshFor(0, "Cache-Control: max-age=30, PRIVATE")
	}},
	{"9111-5.2 Cache-Control reaches the visitor as it is", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60, stale-while-revalidate=5, X-Mine=1", "Expires: "+inGMT(time.Hour), "Pragma: x")
		for range 2 {
			r := c.get("/a")
			c.wantHeader(r, "Cache-Control", "max-age=60, stale-while-revalidate=5, X-Mine=1", "Pragma", "x")
			if r.Header.Get("Expires") == "" {
				c.Error("Expires is gone")
			}
		}
	}},
}

// RFC 9111, section 4.2.4, and RFC 5861.
var rfcStale = []rfcCase{
	{"9111-4.2.4 a stale page is not served while the origin answers", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10")
		c.warm("/a")
		for want := 3; want < 6; want++ {
			c.after(10 * time.Second)
			c.wantBody(c.get("/a"), 200, fmt.Sprintf("page %d", want))
		}
	}},
	{"9111-4.2.4 what must be validated is never served stale", func(c *rfcCache) {
		for _, value := range []string{
			"max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10",
			"max-age=10, must-revalidate, stale-while-revalidate=1000, stale-if-error=1000",
		} {
			c.again(value, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: "+value)
				c.warm("/a")
				c.say(503, "down")
				c.want(c.get("/a"), "hit")
				c.after(10 * time.Second)
				for range 3 {
					r := c.get("/a")
					if r.StatusCode < 500 || strings.HasPrefix(r.body, "page") || readStatus(r).hit {
						c.Errorf("%s: got %d %q", value, r.StatusCode, r.body)
					}
					c.after(time.Second)
				}
				c.after(time.Hour)
				c.say(200, "page #", "Cache-Control: "+value)
				c.after(5 * time.Minute) // the longest time for which it rests after failures
				if r := c.get("/a"); r.StatusCode != 200 {
					c.Errorf("the origin is back: %d, Retry-After %s", r.StatusCode, r.Header.Get("Retry-After"))
				}
			})
		}
	}},
	{"9111-4.2.4 without an origin there is an error, not a stale page", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10, must-revalidate")
		c.warm("/a")
		c.origin.answer(func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) })
		c.after(10 * time.Second)
		if r := c.get("/a"); r.StatusCode < 500 || r.Header.Get("Cache-Control") != "no-store" {
			c.Errorf("%d %q", r.StatusCode, r.Header)
		}
	}},
	{"9111-4.2.4 without a word on it the policy says how long", func(c *rfcCache) {
		c.with("an hour", reprint.Options{}, func(p *reprint.Policy) { p.Expire = time.Hour }, func(c *rfcCache) {
			c.say(200, "page #", "Cache-Control: max-age=10")
			c.warm("/a")
			c.say(503, "down")
			c.after(11 * time.Second)
			r := c.get("/a")
			c.want(r, "hit", "detail=error-status")
			c.wantBody(r, 200, "page 2")
			c.after(50 * time.Minute)
			c.wantBody(c.get("/a"), 200, "page 2")
			c.after(10 * time.Minute)
			if r := c.get("/a"); r.StatusCode != 503 {
				c.Errorf("more than an hour later: %d %q", r.StatusCode, r.body)
			}
		})
	}},
	{"5861-3 stale-while-revalidate", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10, stale-while-revalidate=20")
		c.warm("/a")
		c.after(12 * time.Second)
		r := c.do("GET", "/a")
		c.want(r, "hit", "ttl=-2")
		c.wantBody(r, 200, "page 2") // at once, and a new one is rendered behind
		c.after(0)
		c.wantBody(c.get("/a"), 200, "page 3")
		c.after(29 * time.Second)
		c.wantBody(c.get("/a"), 200, "page 3")
		c.after(31 * time.Second)
		r = c.get("/a")
		c.want(r, "fwd=stale")
		c.wantBody(r, 200, "page 5")
	}},
	{"5861-3 many visitors make one validation", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10, stale-while-revalidate=20")
		c.warm("/a")
		c.after(11 * time.Second)
		c.origin.answer(func(w http.ResponseWriter, _ *http.Request, n int) {
			time.Sleep(time.Second)
			w.Header().Set("Cache-Control", "max-age=10")
			fmt.Fprintf(w, "page %d", n)
		})
		for range 10 {
			c.wantBody(c.get("/a"), 200, "page 2")
		}
		c.after(2 * time.Second)
		c.wantBody(c.get("/a"), 200, "page 3")
		c.wantCalls(3)
	}},
	{"5861-3 while the validation fails the window stays what it is", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10, stale-while-revalidate=20, stale-if-error=0")
		c.warm("/a")
		c.say(500, "down")
		c.after(11 * time.Second)
		for range 3 {
			c.wantBody(c.get("/a"), 200, "page 2")
			c.after(5 * time.Second)
		}
		c.after(5 * time.Second)
		if r := c.get("/a"); r.StatusCode != 500 {
			c.Errorf("after the window: %d %q", r.StatusCode, r.body)
		}
	}},
	{"5861-4 stale-if-error", func(c *rfcCache) {
		for _, code := range []int{500, 502, 503, 504} {
			c.again(fmt.Sprint(code), func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: max-age=10, stale-if-error=20")
				c.warm("/a")
				c.say(code, "down")
				c.after(11 * time.Second)
				c.wantBody(c.get("/a"), 200, "page 2")
				c.after(18 * time.Second)
				c.wantBody(c.get("/a"), 200, "page 2")
				c.after(time.Second)
				c.wantBody(c.get("/a"), code, "down")
			})
		}
	}},
	{"5861-4 s-maxage with stale-if-error beside it", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: s-maxage=10, stale-if-error=20")
		c.warm("/a")
		c.say(500, "down")
		c.after(11 * time.Second)
		c.wantBody(c.get("/a"), 200, "page 2")
	}},
	{"5861-4 an origin that breaks off or does not answer is an error too", func(c *rfcCache) {
		for name, broken := range map[string]func(http.ResponseWriter, *http.Request, int){
			"breaks off": func(w http.ResponseWriter, _ *http.Request, _ int) { panic(http.ErrAbortHandler) },
			"not in time": func(_ http.ResponseWriter, r *http.Request, _ int) {
				<-r.Context().Done()
			},
		} {
			c.again(name, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: max-age=10, stale-if-error=100")
				c.warm("/a")
				c.origin.answer(broken)
				c.after(11 * time.Second)
				c.wantBody(c.get("/a"), 200, "page 2")
			})
		}
	}},
	{"5861-4 what is no error is passed on", func(c *rfcCache) {
		for _, code := range []int{400, 401, 403, 451} {
			c.again(fmt.Sprint(code), func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: max-age=10, stale-if-error=1000")
				c.warm("/a")
				c.say(code, "no")
				c.after(11 * time.Second)
				c.wantBody(c.get("/a"), code, "no")
			})
		}
	}},
	{"5861-4 stale-if-error=0", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=10, stale-if-error=0")
		c.warm("/a")
		c.say(500, "down")
		c.after(11 * time.Second)
		c.wantBody(c.get("/a"), 500, "down")
	}},
}
