package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// fake is an admin API that expects the calls of a file, in their order, and
// gives the answers of it:
//
//	> POST /v1/revalidate             the call: method and target, then
//	> Authorization: Bearer secret    fields that it must have; "-" alone: must not have
//	> {"paths":["/posts/42"]}         its body, compared as JSON
//	< 200                             the answer: status, then
//	< Retry-After: 3                  fields
//	< {"id":"..."}                    lines of the body
//	< hold                            keeps the answer open until the client goes away
//
// @-3m@ in an answer is the time three minutes ago.
type fake struct {
	mu     sync.Mutex
	rest   []exchange
	faults []string
	holds  chan struct{}
	server *httptest.Server
}

type fakeKey struct{}

type exchange struct {
	method string
	target *url.URL
	want   http.Header
	body   string

	status int
	header http.Header
	lines  []string
	hold   bool
}

func fakeOf(ts *testscript.TestScript) *fake { return ts.Value(fakeKey{}).(*fake) }

func startFake(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: admin-server FILE")
	}
	f := fakeOf(ts)
	rest, err := parseExchanges(ts.ReadFile(args[0]))
	ts.Check(err)
	f.mu.Lock()
	f.rest, f.faults, f.holds = rest, nil, make(chan struct{}, len(rest))
	f.mu.Unlock()
	if f.server == nil {
		f.server = httptest.NewServer(f)
		ts.Defer(f.server.Close)
	}
	ts.Setenv("REPRINT_ADMIN", f.server.URL)
	ts.Setenv("ADMIN", f.server.URL)
	ts.Setenv("ADMIN_ADDRESS", strings.TrimPrefix(f.server.URL, "http://"))
}

func fakeHolds(ts *testscript.TestScript, _ bool, _ []string) {
	select {
	case <-fakeOf(ts).holds:
	case <-time.After(time.Minute):
		ts.Fatalf("no request came")
	}
}

func fakeFill(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text := strings.ReplaceAll(ts.ReadFile(name), "$ADMIN_ADDRESS", ts.Getenv("ADMIN_ADDRESS"))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

func fakeDone(ts *testscript.TestScript, _ bool, _ []string) {
	f := fakeOf(ts)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.faults {
		ts.Logf("%s", fault)
	}
	if len(f.faults) > 0 || len(f.rest) > 0 {
		ts.Fatalf("%d calls were not as expected, and %d did not come", len(f.faults), len(f.rest))
	}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, err := f.next(r)
	if err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTeapot)
		text, _ := json.Marshal(map[string]string{"message": "the script expects another call: " + err.Error()})
		w.Write(text)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	maps.Copy(w.Header(), x.header)
	w.WriteHeader(x.status)
	for _, line := range x.lines {
		fmt.Fprintln(w, line)
		// It does nothing but send the line now.
		_ = http.NewResponseController(w).Flush()
	}
	if x.hold {
		f.holds <- struct{}{}
		<-r.Context().Done()
	}
}

func (f *fake) next(r *http.Request) (x exchange, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return x, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rest) == 0 {
		err = fmt.Errorf("none, and %s %s came", r.Method, r.URL)
	} else {
		x, f.rest = f.rest[0], f.rest[1:]
		err = x.differs(r, string(body))
	}
	if err != nil {
		f.faults = append(f.faults, err.Error())
	}
	return x, err
}

func (x exchange) differs(r *http.Request, body string) error {
	if r.Method != x.method || r.URL.Path != x.target.Path || !reflect.DeepEqual(r.URL.Query(), x.target.Query()) {
		return fmt.Errorf("%s %s, and %s %s came", x.method, x.target, r.Method, r.URL)
	}
	for name := range x.want {
		want := x.want.Get(name)
		if got := r.Header.Get(name); got != want && (want != "-" || got != "") {
			return fmt.Errorf("%s: %q, and %q came", name, want, got)
		}
	}
	if x.body != "" && !sameJSON(x.body, body) {
		return fmt.Errorf("%s, and %s came", x.body, body)
	}
	return nil
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

var (
	fieldLine = regexp.MustCompile(`^([A-Z][A-Za-z-]*): (.*)$`)
	momentTag = regexp.MustCompile(`@(-?[0-9a-z]+)@`)
)

func parseExchanges(text string) (all []exchange, err error) {
	answering := true
	for line := range strings.Lines(text) {
		sign, line, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case sign == ">" && answering:
			answering = false
			method, target, _ := strings.Cut(line, " ")
			u, err := url.Parse(target)
			if err != nil {
				return nil, err
			}
			all = append(all, exchange{method: method, target: u, want: make(http.Header), header: make(http.Header)})
		case sign == ">":
			x := &all[len(all)-1]
			if field := fieldLine.FindStringSubmatch(line); field != nil {
				x.want.Set(field[1], field[2])
			} else {
				x.body += line
			}
		case sign == "<":
			x := &all[len(all)-1]
			if answering = true; x.status == 0 {
				if x.status, err = strconv.Atoi(line); err != nil {
					return nil, err
				}
			} else if err := x.answer(line); err != nil {
				return nil, err
			}
		case sign != "" && !strings.HasPrefix(sign, "#"):
			return nil, fmt.Errorf("a line begins with neither > nor <: %s", line)
		}
	}
	return all, nil
}

// answer takes a line of the answer after its status.
func (x *exchange) answer(line string) error {
	if line == "hold" {
		x.hold = true
		return nil
	}
	if field := fieldLine.FindStringSubmatch(line); field != nil && len(x.lines) == 0 {
		x.header.Set(field[1], field[2])
		return nil
	}
	var fault error
	x.lines = append(x.lines, momentTag.ReplaceAllStringFunc(line, func(tag string) string {
		d, err := time.ParseDuration(strings.Trim(tag, "@"))
		if err != nil {
			fault = err
		}
		return time.Now().Add(d).UTC().Format(time.RFC3339Nano)
	}))
	return fault
}
