package reprint_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
)

// RFC 9111, section 3 and what belongs to it.
var rfcStoring = []rfcCase{
	{"9111-3 explicit freshness is stored", func(c *rfcCache) {
		for _, header := range []string{
			"Cache-Control: max-age=60", "Cache-Control: s-maxage=60", "Cache-Control: public, max-age=60",
			"Expires: " + time.Now().Add(time.Hour).UTC().Format(http.TimeFormat),
		} {
			c.again(header, func(c *rfcCache) {
				c.say(200, "page #", header)
				c.wantBody(c.get("/a"), 200, "page 1")
				c.wantBody(c.get("/a"), 200, "page 2") // rendered from the key, behind the first visit
				c.wantBody(c.get("/a"), 200, "page 2")
				c.wantCalls(2)
			})
		}
	}},
	{"9111-3 a response without explicit freshness is not stored", func(c *rfcCache) {
		for _, header := range []string{"X-Other: 1", "Cache-Control: public", "Cache-Control: must-revalidate", "Etag: \"a\"", "Pragma: public"} {
			c.again(header, func(c *rfcCache) {
				c.say(200, "page #", header)
				c.wantNotStored("/a")
			})
		}
	}},
	{"9111-3 only GET is stored", func(c *rfcCache) {
		for _, method := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"} {
			c.again(method, func(c *rfcCache) {
				c.say(200, method+" #", "Cache-Control: max-age=60", "Content-Location: /a")
				c.do(method, "/a")
				c.after(0)
				c.wantCalls(1)
				c.want(c.get("/a"), "fwd=uri-miss")
			})
		}
	}},
	{"9111-3 the method reaches the origin as it is", func(c *rfcCache) {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"} {
			c.say(200, method, "Cache-Control: max-age=60")
			r := c.do(method, "/a")
			c.want(r, "fwd=method")
			c.wantBody(r, 200, method)
			if got := c.origin.last().Method; got != method {
				c.Errorf("the origin was asked with %s, want %s", got, method)
			}
		}
	}},
	{"9111-3 statuses that are stored", func(c *rfcCache) {
		for _, code := range []int{200, 301, 302, 303, 307, 308, 404, 410} {
			c.again(fmt.Sprint(code), func(c *rfcCache) {
				c.say(code, "page #", "Cache-Control: max-age=60", "Location: /b")
				c.wantBody(c.warm("/a"), code, "page 2")
				c.after(59 * time.Second)
				c.wantBody(c.get("/a"), code, "page 2")
				c.after(time.Second)
				c.want(c.get("/a"), "fwd=stale", fmt.Sprintf("fwd-status=%d", code))
			})
		}
	}},
	{"9111-3 statuses that are not stored", func(c *rfcCache) {
		for _, code := range []int{201, 202, 203, 204, 206, 207, 299, 300, 305, 400, 401, 403, 405, 406, 407, 409, 414, 418, 429, 451, 500, 501, 502, 503, 504, 599} {
			c.again(fmt.Sprint(code), func(c *rfcCache) {
				body := "page #"
				if code == 204 {
					body = ""
				}
				c.say(code, body, "Cache-Control: max-age=60", "Www-Authenticate: Basic", "Content-Range: bytes 0-1/10")
				c.wantNotStored("/a")
				if r := c.get("/a"); r.StatusCode != code {
					c.Errorf("%d reached the visitor as %d", code, r.StatusCode)
				}
			})
		}
	}},
	{"9111-3 an informational response is not the final one", func(c *rfcCache) {
		c.origin.answer(func(w http.ResponseWriter, _ *http.Request, n int) {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Cache-Control", "max-age=60")
			fmt.Fprintf(w, "page %d", n)
		})
		c.wantBody(c.warm("/a"), 200, "page 2")
	}},
	{"9111-3 no-store in a response", func(c *rfcCache) {
		for _, value := range []string{"no-store", "max-age=60, no-store", "NO-STORE, max-age=60", `no-store="x", max-age=60`} {
			c.again(value, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: "+value)
				c.wantNotStored("/a")
			})
		}
	}},
	{"9111-3 private in a response", func(c *rfcCache) {
		for _, value := range []string{"private, max-age=60", "s-maxage=60, Private", `private="set-cookie", max-age=60`, "public, private, max-age=60"} {
			c.again(value, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: "+value)
				c.wantNotStored("/a")
			})
		}
	}},
	{"9111-3 a stored page whose next answer is private is dropped", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60, stale-if-error=600")
		c.warm("/a")
		c.after(61 * time.Second)
		c.say(200, "own #", "Cache-Control: private")
		for range 3 {
			if r := c.get("/a"); !strings.HasPrefix(r.body, "own ") {
				c.Errorf("got %q, want what the origin answers this visitor", r.body)
			}
		}
	}},
	{"9111-3.1 fields of the connection are not stored", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60", "Connection: X-Hop, X-Other-Hop", "X-Hop: 1", "X-Other-Hop: 2", "Keep-Alive: timeout=5",
			"Te: gzip", "Upgrade: x", "Proxy-Connection: close", "Proxy-Authenticate: Basic", "Proxy-Authentication-Info: x", "Proxy-Authorization: y")
		c.wantHeader(c.warm("/a"), "X-Hop", "", "X-Other-Hop", "", "Keep-Alive", "", "Te", "", "Upgrade", "", "Proxy-Connection", "",
			"Proxy-Authenticate", "", "Proxy-Authentication-Info", "", "Proxy-Authorization", "")
	}},
	{"9111-3.1 all other fields are stored, known or not", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60", "X-Unknown: a", "X-Unknown: b", "Content-Type: text/x-mine", "Content-Language: de",
			"Content-Location: /a.de", "Content-Foo: 1", "Link: </x>; rel=y", "Server: mine", "Clear-Site-Data: \"cache\"")
		c.wantHeader(c.warm("/a"), "X-Unknown", "a | b", "Content-Type", "text/x-mine", "Content-Language", "de", "Content-Location", "/a.de",
			"Content-Foo", "1", "Link", "</x>; rel=y", "Server", "mine", "Clear-Site-Data", `"cache"`, "Cache-Control", "max-age=60")
	}},
	{"9111-3.3 a response that is not whole is not stored", func(c *rfcCache) {
		for name, answer := range map[string]http.HandlerFunc{
			"too short": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				io.WriteString(w, "short")
			},
			"broken off": func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "half")
				panic(http.ErrAbortHandler)
			},
		} {
			c.again(name, func(c *rfcCache) {
				c.origin.answer(func(w http.ResponseWriter, r *http.Request, n int) {
					w.Header().Set("Cache-Control", "max-age=60")
					if n == 1 {
						io.WriteString(w, "whole 1")
						return
					}
					answer(w, r)
				})
				c.wantBody(c.get("/a"), 200, "whole 1") // and a render behind it that is not whole
				c.wantCalls(2)
				c.origin.answer(func(w http.ResponseWriter, _ *http.Request, n int) { fmt.Fprintf(w, "whole %d", n) })
				c.wantBody(c.get("/a"), 200, "whole 3")
			})
		}
	}},
	{"9111-3.4 parts are not stored, nor put together", func(c *rfcCache) {
		c.origin.answer(func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Cache-Control", "max-age=60")
			w.Header().Set("Etag", `"a"`)
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("0123456789"))
		})
		r := c.get("/a", "Range", "bytes=2-4")
		c.want(r, "fwd=uri-miss")
		c.wantBody(r, 206, "234")
		c.wantCalls(1)
		c.wantBody(c.get("/a", "Range", "bytes=0-1"), 206, "01")
		c.wantCalls(2)
	}},
	{"9110-14 a part is cut from the whole stored page", func(c *rfcCache) {
		c.say(200, "0123456789", "Cache-Control: max-age=60", `Etag: "a"`)
		c.warm("/a")
		r := c.get("/a", "Range", "bytes=2-4")
		c.wantBody(r, 206, "234")
		c.wantHeader(r, "Content-Range", "bytes 2-4/10")
		c.wantBody(c.get("/a", "Range", "bytes=2-4", "If-Range", `"a"`), 206, "234")
		c.wantBody(c.get("/a", "Range", "bytes=2-4", "If-Range", `"b"`), 200, "0123456789")
		c.wantBody(c.get("/a", "Range", "bytes=2-4", "If-Range", `W/"a"`), 200, "0123456789")
		c.wantCalls(2)
	}},
	{"9111-3.5 a request with Authorization", func(c *rfcCache) {
		for _, value := range []string{"max-age=60", "public, max-age=60", "s-maxage=60", "must-revalidate, max-age=60"} {
			c.again(value, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: "+value)
				r := c.get("/a", "Authorization", "Bearer x")
				c.want(r, "fwd=bypass")
				c.wantBody(r, 200, "page 1")
				c.wantCalls(1)
				c.want(c.get("/a"), "fwd=uri-miss")
			})
		}
	}},
	{"9111-3.5 a stored page is not for a request with Authorization", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: public, max-age=60")
		c.warm("/a")
		c.say(401, "who are you?", "Www-Authenticate: Bearer")
		c.wantBody(c.get("/a", "Authorization", "Bearer x"), 401, "who are you?")
	}},
	{"9111-7.3 a response that sets a cookie is not stored", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: public, max-age=60", "Set-Cookie: id=1")
		c.wantNotStored("/a")
		c.wantHeader(c.get("/a"), "Set-Cookie", "id=1")
	}},
	{"9111-7.1 what is not in the key does not reach the page", func(c *rfcCache) {
		c.origin.answer(func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Cache-Control", "max-age=60")
			fmt.Fprintf(w, "%s %s %s", r.Header.Get("X-Forwarded-Host"), r.Header.Get("Cookie"), r.Header.Get("X-Any"))
		})
		r := c.get("/a", "X-Forwarded-Host", "evil.test", "Cookie", "id=1", "X-Any", "2")
		c.wantBody(r, 200, "evil.test id=1 2") // this visitor asked for it
		c.wantBody(c.get("/a"), 200, "  ")
	}},
}

// RFC 9111, section 4 and 4.1.
var rfcReuse = []rfcCase{
	{"9111-4 the target URI", func(c *rfcCache) {
		c.origin.answer(func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Cache-Control", "max-age=60")
			io.WriteString(w, r.URL.RequestURI())
		})
		for _, path := range []string{"/a", "/a/", "/A", "/b", "/a?x=1", "/a?x=2", "/a?x=1&y=2", "/a%3Fx=1"} {
			c.wantBody(c.warm(path), 200, path)
		}
	}},
	{"9111-4 the authority of the target URI", func(c *rfcCache) {
		c.with("two hosts", reprint.Options{Hosts: []string{"a.test", "b.test"}}, nil, func(c *rfcCache) {
			c.origin.answer(func(w http.ResponseWriter, r *http.Request, _ int) {
				w.Header().Set("Cache-Control", "max-age=60")
				io.WriteString(w, r.Host)
			})
			c.wantBody(c.warm("/x", "Host", "a.test"), 200, "a.test")
			c.wantBody(c.warm("/x", "Host", "b.test"), 200, "b.test")
			c.wantBody(c.get("/x", "Host", "A.test:80"), 200, "a.test")
			if r := c.get("/x", "Host", "c.test"); r.StatusCode != http.StatusMisdirectedRequest {
				c.Errorf("another host: %d", r.StatusCode)
			}
		})
	}},
	{"9111-4 the method", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60")
		c.warm("/a")
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "REPORT"} {
			before := c.origin.calls()
			c.want(c.do(method, "/a"), "fwd=method")
			c.wantCalls(before + 1)
		}
		c.wantBody(c.get("/a"), 200, "page 2")
	}},
	{"9111-4 requests that come together share one", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60", `Etag: "a"`)
		c.warm("/a")
		c.after(61 * time.Second)
		c.origin.answer(func(w http.ResponseWriter, _ *http.Request, n int) {
			time.Sleep(time.Second)
			w.Header().Set("Cache-Control", "max-age=60")
			fmt.Fprintf(w, "page %d", n)
		})
		answers := make(chan rfcAnswer, 10)
		for range 10 {
			go func() { answers <- c.do("GET", "/a") }()
		}
		collapsed := 0
		for range 10 {
			r := <-answers
			c.wantBody(r, 200, "page 3")
			c.want(r, "fwd=stale", "stored")
			if readStatus(r).collapsed {
				collapsed++
			}
		}
		if collapsed != 9 {
			c.Errorf("%d of 10 say that they shared one", collapsed)
		}
		c.wantCalls(3)
	}},
	{"9111-4.1 Vary names a header that the policy does not", func(c *rfcCache) {
		for _, vary := range []string{"Accept-Language", "Accept-Encoding, Cookie", "User-Agent", "X-Any", "*", "Accept-Encoding, *", `"`} {
			c.again(vary, func(c *rfcCache) {
				c.say(200, "page #", "Cache-Control: max-age=60", "Vary: "+vary)
				c.wantNotStored("/a", "Accept-Language", "de")
			})
		}
	}},
	{"9111-4.1 Vary names a header of the policy", func(c *rfcCache) {
		declared := func(p *reprint.Policy) {
			p.Vary = []reprint.Vary{{Header: "Accept-Language", Values: []string{"en", "de"}}, {Header: "X-Theme", Values: []string{"", "dark"}}}
		}
		c.with("declared", reprint.Options{}, declared, func(c *rfcCache) {
			c.origin.answer(func(w http.ResponseWriter, r *http.Request, _ int) {
				w.Header().Set("Cache-Control", "max-age=60")
				w.Header().Set("Vary", "Accept-Language")
				fmt.Fprintf(w, "%s %s", r.Header.Get("Accept-Language"), r.Header.Get("X-Theme"))
			})
			for _, v := range []struct{ language, theme, want string }{{"en", "", "en "}, {"de", "", "de "}, {"de", "dark", "de dark"}} {
				r := c.warm("/a", "Accept-Language", v.language, "X-Theme", v.theme)
				c.wantBody(r, 200, v.want)
				if got := strings.Join(r.Header.Values("Vary"), ", "); !strings.Contains(got, "Accept-Language") || !strings.Contains(got, "X-Theme") {
					c.Errorf("Vary is %q, and both headers choose the page", got)
				}
			}
			r := c.get("/a", "Accept-Language", "de-AT, en;q=0.5")
			c.want(r, "hit")
			c.wantBody(r, 200, "de ")
		})
	}},
	{"9111-4.1 Vary: Accept-Encoding", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60", "Vary: Accept-Encoding")
		c.wantHeader(c.warm("/a", "Accept-Encoding", "gzip"), "Content-Encoding", "", "Vary", "Accept-Encoding")
		if got := c.origin.last().Header.Get("Accept-Encoding"); got != "" && got != "identity" {
			c.Errorf("a render asks for %q", got)
		}
		c.want(c.get("/a", "Accept-Encoding", "br"), "hit")
	}},
	{"9111-4.1 an encoded body is not stored", func(c *rfcCache) {
		c.say(200, "page #", "Cache-Control: max-age=60", "Content-Encoding: gzip")
		c.wantNotStored("/a")
	}},
}
