package content

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Occasions are the topics of events.
var Occasions = []string{"Music", "Stage", "Film", "Show", "Talk", "Walk", "Workshop", "Market"}

// Event is something that takes place.
type Event struct {
	Item
	Place  string
	Begins time.Time
	Ends   time.Time
}

// Kind returns KindEvent.
func (e *Event) Kind() Kind { return KindEvent }

// Common returns what e shares with other records.
func (e *Event) Common() *Item { return &e.Item }

func (e *Event) lists() []string { return []string{KindEvent.ListTag()} }
func (e *Event) order() string   { return fmt.Sprint(e.Begins.UnixMilli(), e.Ends.UnixMilli()) }

// Phase is where an event stands in time.
type Phase string

// The phases of an event.
const (
	Upcoming Phase = "upcoming"
	OnNow    Phase = "on now"
	Over     Phase = "over"
)

// Phase returns where the event stands at now, and the moment at which that
// changes: zero when it is over.
func (e *Event) Phase(now time.Time) (Phase, time.Time) {
	switch {
	case now.Before(e.Begins):
		return Upcoming, e.Begins
	case now.Before(e.Ends):
		return OnNow, e.Ends
	}
	return Over, time.Time{}
}

const selectEvents = `SELECT id, topic, title, summary, body, visible, place, begins, ends FROM events `

func scanEvent(row scanner) (*Event, error) {
	var e Event
	err := row.Scan(&e.ID, &e.Topic, &e.Title, &e.Summary, &e.Body, &e.Visible, &e.Place, (*moment)(&e.Begins), (*moment)(&e.Ends))
	return &e, err
}

func (e *Event) insert() (string, []any) {
	return `INSERT INTO events (topic, title, summary, body, visible, place, begins, ends) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		[]any{e.Topic, e.Title, e.Summary, e.Body, e.Visible, e.Place, moment(e.Begins), moment(e.Ends)}
}

func (e *Event) update() (string, []any) {
	return `UPDATE events SET topic = ?, title = ?, summary = ?, body = ?, visible = ?, place = ?, begins = ?, ends = ? WHERE id = ?`,
		[]any{e.Topic, e.Title, e.Summary, e.Body, e.Visible, e.Place, moment(e.Begins), moment(e.Ends), e.ID}
}

// Event returns one event.
func (v View) Event(ctx context.Context, id int64) (*Event, error) {
	return one(ctx, v.db, scanEvent, selectEvents+`WHERE id = ? AND (visible OR ?)`, id, v.hidden)
}

// EventsAhead returns at most limit events that are not over at now: those that
// are on, then those to come, in the order in which they begin.
func (v View) EventsAhead(ctx context.Context, now time.Time, limit int) ([]*Event, error) {
	return all(ctx, v.db, scanEvent, selectEvents+`WHERE (visible OR ?) AND ends > ? ORDER BY begins, id LIMIT ?`, v.hidden, moment(now), limit)
}

// EventsPast returns at most limit events that are over at now, the last to end
// first.
func (v View) EventsPast(ctx context.Context, now time.Time, limit int) ([]*Event, error) {
	return all(ctx, v.db, scanEvent, selectEvents+`WHERE (visible OR ?) AND ends <= ? ORDER BY ends DESC, id DESC LIMIT ?`, v.hidden, moment(now), limit)
}

// NextTurn returns the first moment after now at which any event begins or ends:
// when a list of events changes by itself. Zero when there is none.
func (v View) NextTurn(ctx context.Context, now time.Time) (time.Time, error) {
	var next sql.Null[moment]
	err := v.db.QueryRowContext(ctx, `SELECT min(at) FROM (
		SELECT begins AS at FROM events WHERE visible OR ?1 UNION ALL SELECT ends FROM events WHERE visible OR ?1) WHERE at > ?2`,
		v.hidden, moment(now)).Scan(&next)
	if err != nil {
		return time.Time{}, fmt.Errorf("read next turn of events: %w", err)
	}
	return time.Time(next.V), nil
}
