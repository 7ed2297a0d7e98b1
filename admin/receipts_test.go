package admin_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/admin"
)

// idsOf pages through all receipts that a client may read.
func idsOf(t *testing.T, c *admin.Client, limit int) (ids []string) {
	t.Helper()
	for cursor := ""; ; {
		list, err := c.Receipts(t.Context(), cursor, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.Receipts {
			if len(r.Pages) > 0 || r.Targets == nil {
				t.Errorf("receipt %+v", r)
			}
			ids = append(ids, r.ID)
		}
		if cursor = list.Next; cursor == "" {
			return ids
		}
	}
}

// A limited token gets the receipts of its own calls, whatever stands between them.
func TestReceiptsOfARealSite(t *testing.T) {
	p := newPress(t)
	posts := clientOf(t, p.api, postsSecret)
	var all, own []string
	for i := range 9 {
		client := p.client
		if i%3 == 0 {
			client = posts
		}
		receipt, err := client.Revalidate(t.Context(), admin.RevalidateRequest{Paths: []string{"/posts/1"}})
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, receipt.ID); i%3 == 0 {
			own = append(own, receipt.ID)
		}
	}
	slices.Reverse(all)
	slices.Reverse(own)
	for _, limit := range []int{0, 1, 2, 9} {
		if got := idsOf(t, p.client, limit); !slices.Equal(got, all) {
			t.Errorf("receipts, %d at a time: %v, want %v", limit, got, all)
		}
		if got := idsOf(t, posts, limit); !slices.Equal(got, own) {
			t.Errorf("receipts of a limited token, %d at a time: %v, want %v", limit, got, own)
		}
	}
}

func TestReceiptsAskTheSite(t *testing.T) {
	site := &fakeSite{receipts: []*reprint.Receipt{receiptOf(reprint.ResultDeleted)}}
	h := newHandler(t, withTokens(site))
	wantStatus(t, call{target: "/v1/receipts", secret: readerSecret}.do(t, h), http.StatusOK)
	wantStatus(t, call{target: "/v1/receipts?limit=1&cursor=X", secret: readerSecret}.do(t, h), http.StatusOK)
	if want := []string{`100 before ""`, `1 before "X"`}; !slices.Equal(site.asked, want) {
		t.Errorf("the site was asked for %q, want %q", site.asked, want)
	}
	wantTold(t, call{target: "/v1/receipts?limit=1001", secret: readerSecret}.do(t, h), http.StatusBadRequest, "1001", "1000")
	wantTold(t, call{target: "/v1/receipts?before=X", secret: readerSecret}.do(t, h), http.StatusBadRequest, "before")
}
