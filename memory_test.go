package reprint_test

import (
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/storetest"
)

func TestMemoryStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Backend {
		s := reprint.NewMemoryStore(0)
		return storetest.Backend{Store: s, Journal: s}
	})
}
