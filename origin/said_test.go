package origin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/logtest"
	"github.com/reprint-go/reprint/origin"
)

// pageOf renders what an origin answers and returns the page that is stored.
func pageOf(t *testing.T, log *logtest.Buffer, answer string) (*reprint.Page, error) {
	t.Helper()
	o := newRaw(t, answer)
	store := reprint.NewMemoryStore(0)
	site, err := reprint.New(reprint.Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := site.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if err := site.Handle("/", newHandler(t, origin.Options{URL: o.url, Log: log.Logger()}), reprint.Policy{}); err != nil {
		t.Fatal(err)
	}
	if err := site.Revalidate(t.Context(), "/p"); err != nil {
		return nil, err
	}
	page, err := store.Page(t.Context(), reprint.Key{Path: "/p"})
	if err != nil || page == nil {
		t.Fatalf("page %v, %v", page, err)
	}
	return page, nil
}

func TestTagsOfAnAnswer(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		want    []string
	}{
		{"none", nil, nil},
		{"Cache-Tag", []string{"Cache-Tag: post:42, type:post,a ,, "}, []string{"a", "post:42", "type:post"}},
		{"on several lines", []string{"Cache-Tag: a", "cache-tag: b"}, []string{"a", "b"}},
		{"Surrogate-Key", []string{"Surrogate-Key: post:42  type:post\ta"}, []string{"a", "post:42", "type:post"}},
		{"xkey on several lines", []string{"xkey: a b", "xkey: c"}, []string{"a", "b", "c"}},
		{"all together", []string{"Cache-Tag: a,b", "Surrogate-Key: b c", "xkey: d"}, []string{"a", "b", "c", "d"}},
		{"a list in the wrong form", []string{"Surrogate-Key: a, b"}, []string{"a", "b"}},
		{"white space", []string{"Cache-Tag: summer sale, x"}, []string{"summer%20sale", "x"}},
		{"a comma", []string{"xkey: a,b"}, []string{"a%2Cb"}},
		{"not UTF-8", []string{"Cache-Tag: caf\xe9"}, []string{"caf%E9"}},
		{"UTF-8", []string{"Cache-Tag: café"}, []string{"café"}},
		{"a percent sign", []string{"Cache-Tag: 50%"}, []string{"50%"}},
		{"256 bytes", []string{"Cache-Tag: " + strings.Repeat("a", 256)}, []string{strings.Repeat("a", 256)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			page, err := pageOf(t, &log, ok("page", test.headers...))
			if err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(slices.Clone(page.Tags), func(tag string) bool { return strings.Contains(tag, " ") })
			if !slices.Equal(got, test.want) {
				t.Errorf("tags %q, want %q", got, test.want)
			}
			for _, tag := range got {
				if err := reprint.ValidTag(tag); err != nil {
					t.Errorf("%v", err)
				}
			}
			for name := range page.Header {
				if name != "Content-Type" {
					t.Errorf("header %s is kept", name)
				}
			}
		})
	}
}

// A tag that is dropped in silence is a page that never changes.
func TestTagsOverALimitFailTheRender(t *testing.T) {
	var many strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&many, "t%d ", i)
	}
	for _, test := range []struct{ name, header, want string }{
		{"too long", "Cache-Tag: " + strings.Repeat("a", 257), "longer than 256 bytes"},
		{"too long when it is spelled", "Cache-Tag: " + strings.Repeat("\xff", 100), "longer than 256 bytes"},
		{"too many", "Surrogate-Key: " + many.String(), "more than 1000 tags"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			if _, err := pageOf(t, &log, ok("page", test.header)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestMomentOfAnAnswer(t *testing.T) {
	first := time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)
	later := first.Add(time.Hour)
	stamp := func(t time.Time) string { return "Reprint-Revalidate-At: " + t.Format(time.RFC3339) }
	past := "Reprint-Revalidate-At: 2020-01-02T03:04:05Z"
	tests := []struct {
		name    string
		headers []string
		want    time.Time
		log     string
	}{
		{"RFC 3339", []string{stamp(first)}, first, ""},
		{"RFC 3339 elsewhere", []string{"Reprint-Revalidate-At: 2040-01-02T05:04:05+02:00"}, first, ""},
		{"an HTTP date", []string{"reprint-revalidate-at: " + first.Format(http.TimeFormat)}, first, ""},
		{"Unix seconds", []string{fmt.Sprintf("Reprint-Revalidate-At: %d", first.Unix())}, first, ""},
		{"the earliest of lines", []string{stamp(later), stamp(first)}, first, ""},
		{"the earliest of a list", []string{fmt.Sprintf("Reprint-Revalidate-At: %s, %d", later.Format(time.RFC3339), first.Unix())}, first, ""},
		{"garbage", []string{"Reprint-Revalidate-At: tomorrow"}, time.Time{}, "tomorrow"},
		{"garbage beside a time", []string{"Reprint-Revalidate-At: soon", stamp(first)}, first, "soon"},
		{"a number that is no time", []string{"Reprint-Revalidate-At: -1"}, time.Time{}, "-1"},
		{"milliseconds", []string{"Reprint-Revalidate-At: 2208985445000000"}, time.Time{}, "2208985445000000"},
		{"what has long passed", []string{past}, time.Time{}, ""},
		{"what has passed and what has not", []string{past, stamp(first)}, first, ""},
		{"by the clock of the origin", []string{"Date: Thu, 02 Jan 2040 03:04:00 GMT", stamp(first)}, first, ""},
		{"passed by the clock of the origin", []string{"Date: Thu, 02 Jan 2040 03:05:00 GMT", stamp(first)}, time.Time{}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log logtest.Buffer
			page, err := pageOf(t, &log, ok("page", test.headers...))
			if err != nil {
				t.Fatal(err)
			}
			if !page.Due.Equal(test.want) {
				t.Errorf("due %v, want %v", page.Due, test.want)
			}
			if test.log == "" && log.String() != "" || !strings.Contains(log.String(), test.log) {
				t.Errorf("log %q, want %q", log.String(), test.log)
			}
			if page.Header.Get("Reprint-Revalidate-At") != "" {
				t.Error("the header is kept")
			}
		})
	}
}

func TestGarbageIsLoggedSeldom(t *testing.T) {
	var log logtest.Buffer
	o := newRaw(t, ok("page", "Reprint-Revalidate-At: tomorrow"))
	site, _ := newSite(t, newHandler(t, origin.Options{URL: o.url, Log: log.Logger()}), reprint.Policy{})
	for range 5 {
		if err := site.Revalidate(t.Context(), "/p"); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "tomorrow"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}

// T-033: what an origin says to the site is for no client.
func TestClientsSeeNothingOfIt(t *testing.T) {
	var internal = []string{"Cache-Tag: secret", "Surrogate-Key: secret", "xkey: secret", "Reprint-Revalidate-At: 2040-01-02T03:04:05Z",
		"Surrogate-Capability: a", "Surrogate-Control: max-age=60"}
	o := newRaw(t, ok("page", internal...))
	_, site := newSite(t, newHandler(t, origin.Options{URL: o.url}), reprint.Policy{})
	for _, method := range []string{"GET", "POST"} {
		res := do(t, method, site+"/", nil)
		want(t, res, 200, "page")
		for _, line := range internal {
			name, _, _ := strings.Cut(line, ":")
			if res.Header.Get(name) != "" {
				t.Errorf("%s: the client sees %s", method, name)
			}
		}
	}
}
