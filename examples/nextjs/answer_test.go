package nextjs_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// site is one way to serve the example.
type site struct {
	t       *testing.T
	name    string
	url     string
	build   string // the id in the paths of data payloads
	source  *source
	restart func() // ends the server and starts it again on what it had stored
}

// answer is what two sites must have in common.
type answer struct {
	status   int
	location string // of a redirect, without the host
	text     string // what the page says
}

func (a answer) String() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s %q", a.status, a.location, a.text))
}

// client follows no redirect and keeps no cookie.
var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       30 * time.Second,
}

// request asks the site for a path, which is sent as it is, with headers as
// pairs of name and value.
func (s *site) request(method, path string, header ...string) answer {
	s.t.Helper()
	a, err := s.try(method, path, header...)
	if err != nil {
		s.t.Fatalf("%s: %s %s: %v", s.name, method, path, err)
	}
	return a
}

func (s *site) try(method, path string, header ...string) (answer, error) {
	r, err := http.NewRequest(method, s.url, nil)
	if err != nil {
		return answer{}, err
	}
	if u, err := url.Parse(s.url + path); err == nil {
		r.URL = u
	} else {
		r.URL.Opaque = path
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	if location := res.Header.Get("Location"); location != "" {
		return answer{status: res.StatusCode, location: strings.TrimPrefix(location, s.url)}, nil
	}
	a := answer{status: res.StatusCode, text: said(res.Header.Get("Content-Type"), string(body))}
	if a.status >= 500 && !strings.HasPrefix(a.text, "{") && method != http.MethodHead {
		a.text = "a page of the server"
	}
	return a, nil
}

var (
	main   = regexp.MustCompile(`(?s)<main>(.*)</main>`)
	tags   = regexp.MustCompile(`(?s)<[^>]*>`)
	flight = regexp.MustCompile(`(?:"h1",[^{]*\{|"id":"price",)"children":\[?"?([^"\],]*)`)
	fails  = regexp.MustCompile(`(?m)^[0-9a-f]+:E\{"digest":"([^"]*)"`)
	builds = strings.NewReplacer(`,"__N_SSG":true`, "", `,"__N_SSP":true`, "")
)

// said returns what a reader of the body gets to know. What only tells one build
// of the site from the other is left out.
func said(contentType, body string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	switch {
	case kind == "text/x-component":
		return "payload: " + payloadText(body)
	case strings.HasPrefix(body, "{"): // with or without a type
		return builds.Replace(body)
	case main.MatchString(body):
		text := tags.ReplaceAllString(main.FindStringSubmatch(body)[1], " ")
		return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
	case strings.Contains(body, "This page could not be found"):
		return "not found"
	case body == "":
		return ""
	}
	return "a page of the server"
}

// payloadText returns what stands in the heading and the price, and the errors,
// which a payload may hold although its status is 200. The order of a payload is
// not always the same.
func payloadText(body string) string {
	var found []string
	for _, m := range append(flight.FindAllStringSubmatch(body, -1), fails.FindAllStringSubmatch(body, -1)...) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), ", ")
}
