package tier_test

import (
	"fmt"
	"testing"

	"github.com/reprint-go/reprint/internal/tier"
)

// The limit holds after each put, not only once somebody finds the time.
func TestLimitHoldsDuringABurst(t *testing.T) {
	const limit = 1000
	tr := tier.New(limit, weigh, nil)
	for i := range 2000 {
		put(tr, &value{fmt.Sprint(i), 100})
		weight := int64(0)
		for _, v := range tr.All() {
			weight += int64(v.weight)
		}
		if weight > limit {
			t.Fatalf("the values weigh %d after %d puts, the limit is %d", weight, i+1, limit)
		}
	}
}
