package main

import (
	"context"
	"errors"

	"github.com/reprint-go/reprint"
)

// hookSite is the site of a hook: where there are several, the hook's own hosts.
type hookSite struct {
	site  *reprint.Site
	hosts []string
	many  bool
}

// Apply revalidates on the hosts of the hook's own site. With several hosts the
// receipt is that of the last one that failed, or of the last one.
func (h hookSite) Apply(ctx context.Context, r reprint.Revalidation) (*reprint.Receipt, error) {
	r.Confirm = true // the file says what a hook names, and whoever calls it cannot be asked
	if !h.many {
		return h.site.Apply(ctx, r)
	}
	var receipt *reprint.Receipt
	var errs []error
	for _, host := range h.hosts {
		r.Host = host
		got, err := h.site.Apply(ctx, r)
		if receipt == nil || err != nil || len(errs) == 0 {
			receipt = got
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return receipt, errors.Join(errs...)
}
