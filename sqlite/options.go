package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Options are the limits of a [Store]. The zero value has the defaults.
type Options struct {
	// MaxBytes limits the size of the file with its write-ahead log, in bytes.
	// To stay within it [Store.Put] drops versions, the oldest first, and where there
	// are none any more pages: first those whose status is not 200, the oldest first,
	// then those with the fewest visits per byte, where a visit counts for half after
	// a day. Pinned pages, journal, ledger and receipts are never dropped for it;
	// where only those are left, Put returns an error that wraps [reprint.ErrFull].
	// The limit is kept approximately: a backup that reads for long keeps the log
	// from being reused. Zero: 10 GiB. At least 1 MiB.
	MaxBytes int64

	// MaxPages limits the number of pages, in the same way. Versions do not count.
	// Zero: 1,000,000.
	MaxPages int

	// MaxReceipts is how many receipts are kept, the last ones. A receipt takes
	// up to 200 kB where it names 1,000 pages. Zero: 10,000. At least 1,000.
	MaxReceipts int

	// KeepReceipts is for how long a receipt is kept at the most, from when it was
	// first saved. Older ones go when the next is saved. Zero: 30 days.
	KeepReceipts time.Duration

	// Log receives what an operator should know: a migration, a damaged page, a
	// disk that is full and has room again. Nil: slog.Default().
	Log *slog.Logger
}

// Defaults and least values of Options.
const (
	defaultMaxBytes     = 10 << 30
	defaultMaxPages     = 1_000_000
	defaultMaxReceipts  = 10_000
	defaultKeepReceipts = 30 * 24 * time.Hour

	leastMaxBytes    = 1 << 20
	leastMaxReceipts = 1_000
)

func (o Options) withDefaults() Options {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxPages == 0 {
		o.MaxPages = defaultMaxPages
	}
	if o.MaxReceipts == 0 {
		o.MaxReceipts = defaultMaxReceipts
	}
	if o.KeepReceipts == 0 {
		o.KeepReceipts = defaultKeepReceipts
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// validate reports every fault at once.
func (o Options) validate() error {
	var errs []error
	if o.MaxBytes != 0 && o.MaxBytes < leastMaxBytes {
		errs = append(errs, fmt.Errorf("MaxBytes is %d; it must be at least %d (1 MiB), or zero for 10 GiB", o.MaxBytes, leastMaxBytes))
	}
	if o.MaxPages < 0 {
		errs = append(errs, fmt.Errorf("MaxPages is %d; it must be positive, or zero for %d", o.MaxPages, defaultMaxPages))
	}
	if o.MaxReceipts != 0 && o.MaxReceipts < leastMaxReceipts {
		errs = append(errs, fmt.Errorf("MaxReceipts is %d; it must be at least %d, or zero for %d", o.MaxReceipts, leastMaxReceipts, defaultMaxReceipts))
	}
	if o.KeepReceipts < 0 {
		errs = append(errs, fmt.Errorf("KeepReceipts is %s; it must be positive, or zero for %s", o.KeepReceipts, defaultKeepReceipts))
	}
	return errors.Join(errs...)
}

// logBytes is the part of MaxBytes that the write-ahead log may take.
func (o Options) logBytes() int64 { return min(o.MaxBytes/4, 64<<20) }

// fileBytes is the part of MaxBytes that the database itself may take.
func (o Options) fileBytes() int64 { return o.MaxBytes - o.logBytes() }
