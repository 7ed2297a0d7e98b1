package origin

import (
	"fmt"
	"time"
)

// changedAt reads when a page changed (W3C note on date and time formats, a part
// of ISO 8601). Of a whole day, month or year it is the end, in UTC: a page that
// was rendered before that may have been rendered before the change.
func changedAt(s string) (time.Time, error) {
	for _, form := range []struct {
		layout              string
		years, months, days int
	}{
		{layout: time.RFC3339}, {layout: "2006-01-02T15:04Z07:00"},
		{layout: time.DateOnly, days: 1}, {layout: "2006-01", months: 1}, {layout: "2006", years: 1},
	} {
		if t, err := time.Parse(form.layout, s); err == nil {
			return t.AddDate(form.years, form.months, form.days), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a W3C date; write 2030-01-02T15:04:05Z or 2030-01-02", s)
}
