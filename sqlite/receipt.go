package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/reprint-go/reprint"
)

// SaveReceipt implements [reprint.Journal]. The last [Options.MaxReceipts] are
// kept, each for [Options.KeepReceipts].
func (s *Store) SaveReceipt(ctx context.Context, r *reprint.Receipt) error {
	text, err := json.Marshal(r)
	if err == nil {
		id := r.ID
		err = s.change(ctx, int64(len(text)), func(w *writer) error { return w.saveReceipt(id, text) })
	}
	if err != nil {
		return fmt.Errorf("save receipt %s: %w", r.ID, err)
	}
	return nil
}

// SaveReceipts implements [reprint.ReceiptJournal].
func (s *Store) SaveReceipts(ctx context.Context, receipts []*reprint.Receipt) error {
	size, ids, texts := 0, make([]string, len(receipts)), make([][]byte, len(receipts))
	for i, r := range receipts {
		text, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("save receipt %s: %w", r.ID, err)
		}
		ids[i], texts[i], size = r.ID, text, size+len(text)
	}
	err := s.change(ctx, int64(size), func(w *writer) error {
		for i, text := range texts {
			if err := w.saveReceipt(ids[i], text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save %d receipts: %w", len(receipts), err)
	}
	return nil
}

// saveReceipt leaves a receipt that is saved again its place and its age.
func (w *writer) saveReceipt(id string, text []byte) error {
	const save = `INSERT INTO receipts (id, receipt, saved_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET receipt = excluded.receipt`
	now := w.aged.now()
	if _, err := w.exec(save, id, string(text), now.UnixMicro()); err != nil {
		return err
	}
	// Only the first go and only the last come, so the numbers have no gaps. Those go
	// that are before the first which is not too old, whatever the clock said between.
	const trim = `DELETE FROM receipts WHERE seq <= max((SELECT max(seq) FROM receipts) - ?,
		coalesce((SELECT seq FROM receipts WHERE saved_at >= ? ORDER BY seq LIMIT 1), 0) - 1)`
	_, err := w.exec(trim, w.limits.receipts, now.Add(-w.limits.receiptAge).UnixMicro())
	return err
}

// Receipt implements [reprint.Journal].
func (s *Store) Receipt(ctx context.Context, id string) (*reprint.Receipt, error) {
	r, err := s.receipt(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read receipt %s: %w", id, err)
	}
	return r, nil
}

func (s *Store) receipt(ctx context.Context, id string) (*reprint.Receipt, error) {
	readers, done, err := s.reading()
	if err != nil {
		return nil, err
	}
	defer done()
	var text []byte
	if err := readers.scan(ctx, `SELECT receipt FROM receipts WHERE id = ?`, []any{id}, &text); err != nil {
		return nil, err
	}
	var r reprint.Receipt
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// Receipts implements [reprint.Journal].
func (s *Store) Receipts(ctx context.Context, before string, limit int) (list []*reprint.Receipt, err error) {
	if limit < 1 {
		return nil, fmt.Errorf("list receipts: the limit is %d; it must be at least 1", limit)
	}
	const query = `SELECT json_remove(receipt, '$.pages') FROM receipts
		WHERE ?1 = '' OR seq < (SELECT seq FROM receipts WHERE id = ?1) ORDER BY seq DESC LIMIT ?2`
	err = s.each(ctx, func(scan func(...any) error) error {
		var text []byte
		if err := scan(&text); err != nil {
			return err
		}
		var r reprint.Receipt
		err := json.Unmarshal(text, &r)
		list = append(list, &r)
		return err
	}, query, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list receipts: %w", err)
	}
	return list, nil
}
