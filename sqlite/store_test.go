package sqlite_test

import (
	"testing"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
	"github.com/reprint-go/reprint/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		b, err := backend(t, storePath(t))
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}

// The limits are small, but above what the suite stores where it does not test
// them.
const (
	testPages    = 1300
	testReceipts = 1000
	testEntries  = 1300
)

func backend(t *testing.T, path string) (storetest.Backend, error) {
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{
		MaxPages: testPages, MaxReceipts: testReceipts, Log: quiet,
	})
	if err != nil {
		return storetest.Backend{}, err
	}
	return storetest.Backend{
		Store:   s,
		Journal: s,
		Close:   s.Close,
		Reopen: func() (storetest.Backend, error) {
			if err := s.Close(); err != nil {
				return storetest.Backend{}, err
			}
			return backend(t, path)
		},
		Damage: func(key reprint.Key) error {
			const turn = `UPDATE bodies SET bytes = CAST(substr(bytes, 1, 3) || '?' || substr(bytes, 5) AS BLOB)
				WHERE sha256 = (SELECT body FROM pages WHERE key = ?)`
			return execRaw(t.Context(), t, path, turn, key.String())
		},
		DamageEncoding: func(sum [32]byte, coding string) error {
			const turn = `UPDATE encodings SET bytes = CAST(bytes || '?' AS BLOB) WHERE sha256 = ? AND coding = ?`
			return execRaw(t.Context(), t, path, turn, sum[:], coding)
		},
		DamageVersion: func(id int64) error {
			const turn = `UPDATE bodies SET bytes = CAST(substr(bytes, 1, 3) || '?' || substr(bytes, 5) AS BLOB)
				WHERE sha256 = (SELECT body FROM versions WHERE id = ?)`
			return execRaw(t.Context(), t, path, turn, id)
		},
		Fill: func() (func() error, error) {
			return s.UnlimitFile, s.LimitFile()
		},
		MaxPages:    testPages,
		MaxReceipts: testReceipts,
		MaxEntries:  testEntries,
	}, s.KeepEntries(testEntries)
}
