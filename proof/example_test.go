package proof_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/proof"
)

// A template breaks, and its page still says 200. Visitors keep the last good page, and
// whoever revalidates it is told what is wrong.
func Example() {
	body := "<main><article>" + strings.Repeat("News. ", 100) + "</article></main>"
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, body)
	})
	check, err := proof.Checks{
		MinSize:   0.5,
		Excludes:  []string{"Fatal error"},
		Selectors: []string{"main article"},
		Index:     true,
	}.Compile()
	if err != nil {
		log.Fatal(err)
	}
	site, err := reprint.New(reprint.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = site.Shutdown(context.Background()) }()
	if err := site.Handle("/news", page, reprint.Policy{Proof: check}); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := site.Revalidate(ctx, "/news"); err != nil {
		log.Fatal(err)
	}

	body = "<main>Fatal error: no connection</main>"
	fmt.Println(site.Revalidate(ctx, "/news"))

	answer := httptest.NewRecorder()
	site.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/news", nil))
	fmt.Println(answer.Body.String()[:25])
	// Output:
	// reprint: render /news: the new page was refused: it has 39 bytes, 6 % of the last good page's 632 bytes; at least 50 % are asked for; it contains "Fatal error"; no element matches "main article"
	// <main><article>News. News
}
