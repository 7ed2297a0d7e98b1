package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// regenerations is what one revalidation after another takes, each of a page
// that has changed.
type regenerations struct {
	Peers []regeneration `json:"peers"`
}

// regeneration is that of one peer. Times are in milliseconds, one for each call.
type regeneration struct {
	Peer   string    `json:"peer"`
	Calls  []float64 `json:"callMs"`
	Render []float64 `json:"renderMs,omitempty"` // as the receipts tell
	Source []float64 `json:"sourceMs"`           // the data source alone, asked directly
}

// regenerations measures reprint, in memory, with a durable store, and with the same in
// a file system in memory, and Next.js, in turn. In memory a sync takes no time: what is
// left is all that a call takes but the wait for the disk.
func (l *lab) regenerations(ctx context.Context, peers []*peer) (*regenerations, error) {
	var own []*peer
	all := &regenerations{}
	add := func(p *peer) {
		own = append(own, p)
		all.Peers = append(all.Peers, regeneration{Peer: p.name})
	}
	for _, p := range peers {
		switch p.id {
		case "reprint":
			add(p)
			add(p.durable())
			add(p.unsynced())
		case "nextjs":
			add(p)
		}
	}
	if len(own) == 0 {
		return nil, errors.New("-regenerate needs reprint or nextjs")
	}
	for round := range l.opts.rounds {
		for k, p := range own {
			l.progress.say("round %d of %d, %d revalidations one after another: %s", round+1, l.opts.rounds, l.opts.calls, p.name)
			if err := l.regenerate(ctx, p, &all.Peers[k]); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return all, nil
}

// regenerate makes the calls of one round. After each, the page is asked for
// and must be from a render that began after the call.
func (l *lab) regenerate(ctx context.Context, p *peer, r *regeneration) (err error) {
	j := job{Pages: 100, Hot: 100, Size: l.opts.size, Connections: 1, Changing: true}
	l.origin.prepare(j)
	s, err := p.start(ctx, p, j)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if _, err := verify(ctx, s.addr, false, 0, j.Hot, s.check); err != nil {
		return err
	}
	caller, source, err := l.regenerator(ctx, p, s)
	if err != nil {
		return err
	}
	defer caller.close()
	visitor, err := dial(ctx, s.addr)
	if err != nil {
		return err
	}
	defer visitor.Close()
	for n := range l.opts.calls {
		i := n % j.Hot
		before, began := l.origin.version.Load(), time.Now()
		render, err := caller.call(i)
		took := time.Since(began)
		if err != nil {
			return fmt.Errorf("revalidate %s: %w", path(i), err)
		}
		l.origin.revalidated(i, before)
		if _, err := visitor.verify(i, false, s.check(i)); err != nil {
			return fmt.Errorf("after %s was revalidated: %w", path(i), err)
		}
		asked := time.Now()
		if err := source(i); err != nil {
			return err
		}
		r.Source = append(r.Source, milliseconds(time.Since(asked)))
		r.Calls = append(r.Calls, milliseconds(took))
		if render > 0 {
			r.Render = append(r.Render, milliseconds(render))
		}
	}
	return nil
}

// regenerator makes calls over a connection that stays open.
type regenerator struct {
	call  func(i int) (render time.Duration, err error)
	close func()
}

// regenerator returns how a peer's page is revalidated, and how its data source
// is asked directly.
func (l *lab) regenerator(ctx context.Context, p *peer, s *server) (regenerator, func(i int) error, error) {
	if p.id == "reprint" {
		c, err := dial(ctx, s.admin)
		if err != nil {
			return regenerator{}, nil, err
		}
		call := func(i int) (time.Duration, error) {
			receipt, err := revalidateReceipt(c, i, 1)
			if err == nil && (receipt.Regenerated != 1 || len(receipt.Pages) != 1) {
				err = notRendered(receipt)
			}
			if err != nil {
				return 0, err
			}
			return receipt.Pages[0].Render, nil
		}
		return regenerator{call, func() { _ = c.Close() }}, l.ask(ctx, l.origin.url), nil
	}
	client := keepAlive()
	call := func(i int) (time.Duration, error) {
		return 0, get(ctx, client, fmt.Sprintf("http://%s/api/revalidate?secret=%s&id=%d", s.addr, url.QueryEscape(nextSecret), i))
	}
	return regenerator{call, client.CloseIdleConnections}, l.ask(ctx, l.origin.url+"/data"), nil
}

func (l *lab) ask(ctx context.Context, base string) func(int) error {
	client := keepAlive()
	return func(i int) error { return get(ctx, client, base+path(i)) }
}

// keepAlive is a client with connections of its own.
func keepAlive() *http.Client {
	return &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
}

func get(ctx context.Context, client *http.Client, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	return err
}

func regenerationTable(w io.Writer, r *regenerations) {
	fmt.Fprintf(w, "\none revalidation after another, milliseconds (%d calls each)\n\n", len(r.Peers[0].Calls))
	var lines [][]string
	for _, p := range r.Peers {
		lines = append(lines, []string{
			p.Peer, decimals(median(p.Calls), 3), decimals(percentile(p.Calls, 99), 3), decimals(median(p.Render), 3),
			decimals(median(p.beyond()), 3), decimals(median(p.Source), 3),
		})
	}
	table(w, []string{"", "call p50", "call p99", "its render", "beyond it", "source alone"}, lines)
}

// beyond is what each call takes besides its render; of Next.js that is not known.
func (r regeneration) beyond() []float64 {
	var found []float64
	for k, render := range r.Render {
		found = append(found, r.Calls[k]-render)
	}
	return found
}
