package reprint

import (
	"testing"
	"time"
)

// decide is the theory of freshness; here it is as a table.
func TestDecide(t *testing.T) {
	t0 := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return t0.Add(d) }
	ok := &Page{Status: 200, RenderedAt: t0}
	due := &Page{Status: 200, RenderedAt: t0, Due: at(time.Minute)}
	gone := &Page{Status: 404, RenderedAt: t0}
	overtaken := &Page{Status: 200, RenderedAt: t0, Overtaken: true}
	current := standing{current: true}
	revalidated := standing{since: at(time.Hour)}

	forever := Policy{}.withDefaults()
	hourly := Policy{Revalidate: time.Hour, Expire: 24 * time.Hour}.withDefaults()
	for _, c := range []struct {
		name     string
		now      time.Time
		page     *Page
		standing standing
		policy   Policy
		want     verdict
	}{
		{"no page", t0, nil, standing{}, forever, absent},
		{"until revalidated", at(100 * 365 * 24 * time.Hour), ok, current, forever, serve},
		{"within its time", at(53 * time.Minute), ok, current, hourly, serve},
		{"its time has run out", at(61 * time.Minute), ok, current, hourly, refresh},
		{"stale for less than Expire", at(24 * time.Hour), ok, current, hourly, refresh},
		{"stale for longer than Expire", at(26 * time.Hour), ok, current, hourly, wait},
		{"due", at(time.Minute), due, current, forever, refresh},
		{"not due yet", at(time.Minute - 1), due, current, forever, serve},
		{"404 within its short life", at(26 * time.Second), gone, current, forever, serve},
		{"404 after it", at(31 * time.Second), gone, current, forever, refresh},
		{"revalidated", at(time.Hour), ok, revalidated, forever, refresh},
		{"revalidated long ago", at(366 * 24 * time.Hour), ok, revalidated, forever, wait},
		{"revalidated, Expire counts from the earlier moment", at(25*time.Hour + time.Minute), ok, standing{since: at(10 * time.Hour)}, hourly, wait},
		{"expired by a call", at(time.Hour), ok, standing{expired: true, since: at(time.Hour)}, forever, wait},
		{"deleted by a call", at(time.Hour), ok, standing{expired: true, deleted: true, since: at(time.Hour)}, forever, absent},
		{"overtaken and not current", at(time.Hour), overtaken, revalidated, forever, wait},
		{"overtaken by nothing that counts", at(time.Hour), overtaken, current, forever, serve},
	} {
		var page *life
		if c.page != nil {
			l := lifeOf(c.page)
			page = &l
		}
		if got := decide(c.now, page, c.standing, &c.policy); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestNegativeLifeFollowsRevalidateWhereThatIsShorter(t *testing.T) {
	for _, c := range []struct{ revalidate, negative, want time.Duration }{
		{0, 0, 30 * time.Second}, {time.Hour, 0, 30 * time.Second}, {time.Second, 0, time.Second}, {time.Second, time.Minute, time.Minute},
	} {
		if got := (Policy{Revalidate: c.revalidate, Negative: c.negative}).withDefaults().Negative; got != c.want {
			t.Errorf("Revalidate %v, Negative %v: %v, want %v", c.revalidate, c.negative, got, c.want)
		}
	}
}
