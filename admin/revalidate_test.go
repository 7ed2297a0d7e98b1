package admin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/internal/logtest"
)

func TestRevalidateAsksTheSite(t *testing.T) {
	const by = "token editor"
	tests := []struct {
		name string
		body string
		want reprint.Revalidation
	}{
		{"a path", `{"paths":["/posts/42"]}`, reprint.Revalidation{Paths: []string{"/posts/42"}, By: by}},
		{"everything at once", `{"paths":["/a?page=2"],"tags":["post:1","type:post"],"prefixes":["/x/"],"all":false,"host":"WWW.example.com.","mode":"expire","wait":true,"onlyGenerated":true,"dryRun":false}`,
			reprint.Revalidation{Paths: []string{"/a?page=2"}, Tags: []string{"post:1", "type:post"}, Prefixes: []string{"/x/"}, Host: "www.example.com", Mode: reprint.Expire, OnlyGenerated: true, By: by}},
		{"the whole site", `{"all":true,"mode":"stale"}`, reprint.Revalidation{All: true, Mode: reprint.Stale, By: by}},
		{"delete", `{"tags":["a"],"mode":"delete"}`, reprint.Revalidation{Tags: []string{"a"}, Mode: reprint.Delete, By: by}},
		{"regenerate by name", `{"tags":["a"],"mode":"regenerate"}`, reprint.Revalidation{Tags: []string{"a"}, By: by}},
		{"not waited for", `{"tags":["a"],"wait":false}`, reprint.Revalidation{Tags: []string{"a"}, NoWait: true, By: by}},
		{"dry run", `{"tags":["a"],"dryRun":true}`, reprint.Revalidation{Tags: []string{"a"}, DryRun: true, By: by}},
		{"null is absent", `{"tags":["a"],"paths":null,"wait":null,"mode":null}`, reprint.Revalidation{Tags: []string{"a"}, By: by}},
		{"a route, for a state", `{"patterns":["/posts/{id}"],"only":{"states":["stale","expired"],"statuses":[404,410],"olderThan":"90m"}}`, reprint.Revalidation{Patterns: []string{"/posts/{id}"},
			Only: reprint.Only{States: []reprint.State{reprint.StateStale, reprint.StateExpired}, Statuses: []int{404, 410}, OlderThan: 90 * time.Minute}, By: by}},
		{"until it is true", `{"paths":["/a"],"expect":{"header":{"X-Version":"7"},"contains":["x"],"changed":true,"version":7,"timeout":"30s"}}`, reprint.Revalidation{Paths: []string{"/a"},
			Expect: reprint.Expect{Header: map[string]string{"X-Version": "7"}, Contains: []string{"x"}, Changed: true, Version: 7, Timeout: 30 * time.Second}, By: by}},
		{"every tag", `{"tags":["a","b"],"everyTag":true,"only":null}`, reprint.Revalidation{Tags: []string{"a", "b"}, EveryTag: true, By: by}},
		{"white space around", " \n{\"tags\":[\"a\"]}\n ", reprint.Revalidation{Tags: []string{"a"}, By: by}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
			w := call{target: "/v1/revalidate", body: test.body, secret: newSecret}.do(t, newHandler(t, withTokens(site)))
			want := http.StatusOK
			if test.want.NoWait {
				want = http.StatusAccepted
			}
			wantStatus(t, w, want)
			test.want.From = "127.0.0.1:40000"
			if got := site.applications(); len(got) != 1 || !reflect.DeepEqual(got[0], test.want) {
				t.Errorf("the site was asked %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestRevalidateWithoutTokensIsByAdmin(t *testing.T) {
	site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
	wantStatus(t, call{target: "/v1/revalidate", body: `{"all":true}`}.do(t, newHandler(t, admin.Options{Site: site})), http.StatusOK)
	if by := site.applications()[0].By; by != "admin" {
		t.Errorf("by %q, want admin", by)
	}
}

// Behind a proxy that is trusted a call is from whom the proxy names.
func TestACallIsFromTheClientOfATrustedProxy(t *testing.T) {
	site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
	opts := withTokens(site)
	opts.Address = func(*http.Request) string { return "192.0.2.7" }
	wantStatus(t, call{target: "/v1/revalidate", body: `{"all":true}`, secret: newSecret}.do(t, newHandler(t, opts)), http.StatusOK)
	if from := site.applications()[0].From; from != "192.0.2.7" {
		t.Errorf("from %q, want 192.0.2.7", from)
	}
}

func TestReceiptHasTheFormOfTheDesign(t *testing.T) {
	site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
	w := call{target: "/v1/revalidate", body: `{"paths":["/posts/42"]}`, secret: newSecret}.do(t, newHandler(t, withTokens(site)))
	const want = `{"id":"JBSWY3DPEHPK3PXP","position":7,"mode":"regenerate","by":"token editor","from":"127.0.0.1:40000","at":"2026-05-04T03:02:01Z",` +
		`"targets":{"paths":["/posts/42"],"pathsInAll":2,"only":{"olderThan":"1h0m0s"}},"matched":1,"regenerated":1,"unchanged":0,"failed":0,"skipped":0,` +
		`"pages":[{"path":"/posts/42","result":"regenerated","status":200,"etag":"\"0011\"","renderMs":0}],"tookMs":12.5}`
	if got := strings.TrimSpace(w.Body.String()); !sameJSON(t, got, want) {
		t.Errorf("receipt\n%s, want\n%s", got, want)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type: %q", got)
	}
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) { // however long: who reads it knows when it is whole
		t.Errorf("Content-Length: %q of %d bytes", got, w.Body.Len())
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// P5: an answer and the log do not grow with what is wrong, nor does the time it takes.
func TestManyFaultsAreToldInShort(t *testing.T) {
	list := func(one string, n int) string { return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]" }
	fields := make([]string, 60_000)
	for i := range fields {
		fields[i] = fmt.Sprintf(`"k%d":1`, i)
	}
	p := newPress(t)
	for name, body := range map[string]string{
		"paths": `{"paths":` + list(`"x"`, 10_000) + `}`, "states": `{"all":true,"only":{"states":` + list(`"x"`, 100_000) + `}}`,
		"a long mode": `{"all":true,"mode":"` + strings.Repeat("x", 1_000_000) + `"}`, "fields": "{" + strings.Join(fields, ",") + "}",
	} {
		begin := time.Now()
		w := call{target: "/v1/revalidate", body: body, secret: newSecret}.do(t, p.api)
		wantStatus(t, w, http.StatusBadRequest)
		if n := w.Body.Len(); n > 12_000 {
			t.Errorf("%s: %d bytes are answered: %.100s", name, n, w.Body)
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

func TestRevalidateRefusesBodies(t *testing.T) {
	many := `{"tags":[` + strings.TrimSuffix(strings.Repeat(`"a",`, 10_001), ",") + `]}`
	tests := []struct {
		name   string
		body   string
		status int
		want   []string
	}{
		{"unknown field", `{"path":["/a"]}`, 400, []string{`unknown field "path"`, "did you mean paths?"}},
		{"another case", `{"ALL":true}`, 400, []string{`unknown field "ALL"`, "did you mean all?"}},
		{"a field of nothing like it", `{"zzzzzzzz":1}`, 400, []string{`unknown field "zzzzzzzz"`, "paths, tags, prefixes"}},
		{"several faults", `{"pahts":[],"wiat":false}`, 400, []string{"pahts", "wiat"}},
		{"twice", `{"all":false,"all":true}`, 400, []string{"field all", "more than once"}},
		{"a string for a list", `{"paths":"/a"}`, 400, []string{"field paths must be a list of strings"}},
		{"a number in a list", `{"tags":[1]}`, 400, []string{"field tags must be a list of strings"}},
		{"a string for a truth", `{"all":"yes"}`, 400, []string{"field all must be true or false"}},
		{"unknown mode", `{"all":true,"mode":"purge"}`, 400, []string{`unknown mode "purge"`, "regenerate, stale, expire and delete"}},
		{"only of nothing", `{"all":true,"only":{}}`, 400, []string{"only says nothing"}},
		{"only of an unknown field", `{"all":true,"only":{"status":[404]}}`, 400, []string{`unknown field "status" of only`, "states, statuses and olderThan"}},
		{"only of another type", `{"all":true,"only":{"statuses":"404"}}`, 400, []string{"field only.statuses must be a list of numbers"}},
		{"only that is no object", `{"all":true,"only":["stale"]}`, 400, []string{"only must be a JSON object"}},
		{"only of an unknown state", `{"all":true,"only":{"states":["old"]}}`, 400, []string{`unknown state "old"`, "fresh, stale and expired"}},
		{"only of no status", `{"all":true,"only":{"statuses":[42]}}`, 400, []string{"42 is no status"}},
		{"only of no time", `{"all":true,"only":{"olderThan":"1 day"}}`, 400, []string{`"1 day" is no length of time`, "24h"}},
		{"every of no tag", `{"all":true,"everyTag":true}`, 400, []string{"there are no tags"}},
		{"expect of nothing", `{"all":true,"expect":{}}`, 400, []string{"expect says nothing"}},
		{"expect of a number as text", `{"all":true,"expect":{"version":"7"}}`, 400, []string{"field expect.version must be a whole number"}},
		{"expect of no time", `{"all":true,"expect":{"changed":true,"timeout":"soon"}}`, 400, []string{`expect.timeout: "soon" is no length of time`}},
		{"expect for too long", `{"all":true,"expect":{"changed":true,"timeout":"1h"}}`, 400, []string{"at most 5m0s"}},
		{"expect of a mode that does not render", `{"all":true,"mode":"stale","expect":{"changed":true}}`, 400, []string{"mode stale renders nothing"}},
		{"unusable tag", `{"tags":["a b"]}`, 400, []string{`tag "a b"`}},
		{"tag of five kilobytes", `{"tags":["` + strings.Repeat("a", 5000) + `"]}`, 400, []string{"longer than 256 bytes"}},
		{"implicit tag", `{"tags":["site *"]}`, 400, []string{`tag "site *"`}},
		{"too many targets", many, 400, []string{"10001 targets are too many"}},
		{"more than an object", `{"all":true}{"all":true}`, 400, []string{"something follows"}},
		{"rubbish after it", `{"all":true}]`, 400, []string{"something follows"}},
		{"cut short", `{"paths":["/a"`, 400, []string{"ends too early"}},
		{"a list", `["/a"]`, 400, []string{"must be a JSON object"}},
		{"null", `null`, 400, []string{"must be a JSON object"}},
		{"no JSON", `paths=/a`, 400, []string{"not JSON"}},
		{"blank", " ", 400, []string{"ends too early"}},
		{"not UTF-8", "{\"paths\":[\"/\xff\"]}", 400, []string{"not UTF-8"}},
		{"over the limit", `{"paths":["` + strings.Repeat("a", 1<<20) + `"]}`, 413, []string{"larger than 1048576 bytes"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
			w := call{target: "/v1/revalidate", body: test.body, secret: newSecret}.do(t, newHandler(t, withTokens(site)))
			wantTold(t, w, test.status, test.want...)
			if len(site.applications()) != 0 {
				t.Error("the site was asked")
			}
		})
	}
}

func TestRevalidateMapsErrors(t *testing.T) {
	busy := fmt.Errorf("reprint: %w", reprint.ErrBusy)
	renderError := fmt.Errorf("reprint: %w", &reprint.RenderError{Path: "/posts/42", Status: 502, Err: errors.New("the origin does not answer")})
	tests := []struct {
		name    string
		receipt *reprint.Receipt
		err     error
		status  int
		want    []string
	}{
		{"bad path", nil, &reprint.BadPathError{Path: "a", Reason: "must begin"}, 400, []string{"must begin"}},
		{"URL instead of a path", nil, &reprint.BadPathError{Path: "https://example.com/a", Reason: "must begin"}, 400, []string{"the path alone"}},
		{"no target", nil, fmt.Errorf("reprint: %w", reprint.ErrNoTarget), 400, []string{"at least one of paths"}},
		{"no route", nil, &reprint.NoRouteError{Path: "/x", Nearest: "/posts/{id}"}, 404, []string{"/x", "/posts/{id}"}},
		{"several faults, one of them grave", nil, errors.Join(&reprint.NoRouteError{Path: "/x"}, &reprint.BadPathError{Path: "a", Reason: "must begin"}), 400, []string{"/x", "must begin"}},
		{"unlisted", nil, fmt.Errorf("reprint: %w: /x", reprint.ErrUnlisted), 404, []string{"does not list"}},
		{"queue full", nil, busy, 503, []string{"too many renders"}},
		{"shut down", nil, fmt.Errorf("reprint: %w", reprint.ErrClosed), 503, []string{"shut down"}},
		{"journal", nil, errors.New("reprint: append to the journal: disk full"), 500, []string{"append to the journal: disk full"}},
		{"failed page", receiptOf(reprint.ResultFailed), renderError, 502, []string{"/posts/42"}},
		{"failed page, queue full", receiptOf(reprint.ResultFailed), busy, 503, []string{"too many renders"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			opts := withTokens(&fakeSite{receipt: test.receipt, err: test.err})
			opts.Log = log.Logger()
			w := call{target: "/v1/revalidate", body: `{"paths":["/posts/42"]}`, secret: newSecret}.do(t, newHandler(t, opts))
			wantTold(t, w, test.status, test.want...)
			if strings.Contains(w.Body.String(), "reprint: ") {
				t.Errorf("answer %s names the program", w.Body)
			}
			if got := w.Header().Get("Retry-After"); (got != "") != (test.status == 503) {
				t.Errorf("Retry-After: %q with status %d", got, test.status)
			}
			var receipt reprint.Receipt
			if err := json.Unmarshal(w.Body.Bytes(), &receipt); err != nil {
				t.Fatal(err)
			}
			if test.receipt != nil && (receipt.ID != test.receipt.ID || len(receipt.Pages) != 1 || receipt.Pages[0].Error == "") {
				t.Errorf("answer %s, want the receipt", w.Body)
			}
			if !strings.Contains(log.String(), "admin: revalidate") {
				t.Errorf("the log %q does not tell of the call", log.String())
			}
		})
	}
}

func TestAcceptedSaysWhereTheReceiptIs(t *testing.T) {
	receipt := receiptOf(reprint.ResultRegenerated)
	receipt.Running = true
	site := &fakeSite{receipt: receipt}
	h := newHandler(t, withTokens(site))
	w := call{target: "/v1/revalidate", body: `{"all":true,"wait":false}`, secret: newSecret}.do(t, h)
	wantStatus(t, w, http.StatusAccepted)
	location := w.Header().Get("Location")
	wantStatus(t, call{target: location, secret: newSecret}.do(t, h), http.StatusOK)
	if len(site.asked) != 1 || site.asked[0] != receipt.ID {
		t.Errorf("the site was asked for the receipts %q, want %s", site.asked, receipt.ID)
	}
	// A dry run is done when it is answered.
	wantStatus(t, call{target: "/v1/revalidate", body: `{"all":true,"wait":false,"dryRun":true}`, secret: newSecret}.do(t, h), http.StatusOK)
}

func TestTheLogTellsWhoDidWhat(t *testing.T) {
	var log logtest.Buffer
	opts := withTokens(&fakeSite{receipt: receiptOf(reprint.ResultRegenerated)})
	opts.Log = log.Logger()
	many := strings.TrimSuffix(strings.Repeat(`"/a",`, 200), ",")
	call{target: "/v1/revalidate", body: `{"tags":["post:1"],"paths":[` + many + `],"host":"h"}`, secret: newSecret}.do(t, newHandler(t, opts))
	for _, want := range []string{`by="token editor"`, "post:1", "pathsInAll=200", "host=h", "receipt=JBSWY3DPEHPK3PXP", "result=done", "level=INFO"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log %q does not say %s", log.String(), want)
		}
	}
	if n := strings.Count(log.String(), "/a"); n > 10 {
		t.Errorf("the log holds %d paths", n)
	}
	if strings.Contains(log.String(), newSecret) {
		t.Error("the log holds the secret")
	}
}

// Whatever the body, it is refused or it means what encoding/json reads in it.
func FuzzRevalidateBody(f *testing.F) {
	for _, body := range []string{
		`{"paths":["/a"],"tags":["t"],"prefixes":["/p/"],"all":true,"host":"h","mode":"stale","wait":false,"onlyGenerated":true,"dryRun":true}`,
		`{"all":true,"all":false}`, `{"ALL":true}`, `{}`, `[]`, `{"a":{"b":[1,{"c":null}]}}`, `{"paths":null}`, `{"paths":["\ud800"]}`, `{"all":true,}`, `{]`, "\xef\xbb\xbf{}",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		site := &fakeSite{receipt: receiptOf(reprint.ResultRegenerated)}
		c := call{method: "POST", target: "/v1/revalidate", body: body, secret: newSecret, header: []string{"Content-Type: application/json"}}
		w := c.do(t, newHandler(t, withTokens(site)))
		asked := site.applications()
		switch w.Code {
		case 400, 413:
			told(t, w)
			if len(asked) != 0 {
				t.Errorf("%d, and the site was asked %+v", w.Code, asked)
			}
			return
		case 200, 202:
		default:
			t.Fatalf("answer %d %s", w.Code, w.Body)
		}
		var want admin.RevalidateRequest
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		got := asked[0]
		if !slices.Equal(got.Paths, want.Paths) || !slices.Equal(got.Tags, want.Tags) || !slices.Equal(got.Prefixes, want.Prefixes) ||
			got.All != want.All || got.EveryTag != want.EveryTag || !slices.Equal(got.Patterns, want.Patterns) || got.Only.IsZero() != (want.Only == nil) || got.Expect.IsZero() != (want.Expect == nil) || got.DryRun != want.DryRun || got.OnlyGenerated != want.OnlyGenerated || got.NoWait != (want.Wait != nil && !*want.Wait) {
			t.Errorf("the site was asked %+v, want %+v", got, want)
		}
	})
}
