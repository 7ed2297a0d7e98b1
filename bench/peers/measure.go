package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// figures are what one measurement has found.
type figures struct {
	Peer    string  `json:"peer"`
	ID      string  `json:"id"`
	Round   int     `json:"round"`
	Job     job     `json:"job"`
	Load    load    `json:"load"`
	Hits    float64 `json:"hitsPerSecond"`
	CPU     float64 `json:"cpuMicrosPerHit"`
	P50     float64 `json:"p50Ms"`
	P99     float64 `json:"p99Ms"`
	RSS     int64   `json:"rssBytes"`
	Answer  float64 `json:"bytesPerAnswer"` // mean, with the head
	ReadyMs float64 `json:"readyMs"`

	Revalidations *revalidating `json:"revalidations,omitempty"`
}

// measure starts a peer, puts load on it, verifies its answers before and
// after, and stops it. What is wrong is an error, never a figure.
func (l *lab) measure(ctx context.Context, p *peer, j job, round int) (f figures, err error) {
	wrong := func(err error) error {
		return fmt.Errorf("%s (%s, %d pages of %d bytes, %d connections): %w", p.name, j.encoding(), j.Pages, j.Size, j.Connections, err)
	}
	if need := j.Connections + 1000; need > l.files {
		return f, wrong(fmt.Errorf("%d open files are needed and %d allowed: raise it with ulimit -Hn %d, or run as root", need, l.files, need))
	}
	l.origin.prepare(j)
	s, err := p.start(ctx, p, j)
	if err != nil {
		return f, wrong(err)
	}
	defer func() {
		if err = errors.Join(err, s.stop()); err != nil {
			err = wrong(err)
		}
	}()
	f = figures{Peer: p.name, ID: p.id, Round: round, Job: j, ReadyMs: s.readyMs}
	before, err := l.before(ctx, p, s, j)
	if err != nil {
		return f, err
	}
	if err := l.warmUp(ctx, p, s, j); err != nil {
		return f, err
	}
	if err := l.timed(ctx, s, j, &f); err != nil {
		return f, err
	}
	after, err := l.after(ctx, s, j)
	if err != nil {
		return f, err
	}
	f.Answer = after.mean()
	return f, f.Load.weigh(before, after, j, j.slack())
}

// connecting is time that is added for connections to be made in: the kernel
// lets a few thousand wait at once and the others try again after a second.
func (j job) connecting() time.Duration {
	return time.Duration(j.Connections/2000) * time.Second
}

// before verifies all pages, waits until the server has nothing more to do with
// them, such as to compress them better, and verifies them once more. One that
// still answers with plain bytes after a while is held not to compress.
func (l *lab) before(ctx context.Context, p *peer, s *server, j job) (answers, error) {
	compressing := min(3*time.Second, l.opts.duration/2)
	all, err := verify(ctx, s.addr, j.Gzip, 0, j.Hot, s.check)
	for began := time.Now(); errors.Is(err, errNotCompressed) && time.Since(began) < compressing; {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return all, err
		}
		all, err = verify(ctx, s.addr, j.Gzip, 0, j.Hot, s.check)
	}
	if err != nil {
		return all, err
	}
	if err := l.idle(ctx, p, s, j); err != nil || !j.Gzip {
		return all, err
	}
	return verify(ctx, s.addr, j.Gzip, 0, j.Hot, s.check)
}

// idle waits until the server takes less than a twentieth of its core, or says
// that it does not come to rest. One that compresses may begin a little later, to let
// visitors go first.
func (l *lab) idle(ctx context.Context, p *peer, s *server, j job) error {
	const window, rest, most = 200 * time.Millisecond, tick, 30 * time.Second
	if j.Gzip && !l.opts.smoke {
		if err := pause(ctx, 3*time.Second); err != nil {
			return err
		}
	}
	for began := time.Now(); time.Since(began) < most; {
		before, err := groupStat(s.cmd.Process.Pid)
		if err != nil {
			return err
		}
		if err := pause(ctx, window); err != nil {
			return err
		}
		after, err := groupStat(s.cmd.Process.Pid)
		if err != nil || after.cpu-before.cpu <= rest {
			return err
		}
	}
	l.progress.loud("%s is still busy after %s without a visitor: its figures hold that work", p.name, most)
	return nil
}

// pause waits for so long.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// warmUp is load that does not count, all of it on stored pages. A third of the
// time is what Node.js needs to compile what is called often. What a server then does
// for pages that are asked for often, such as to compress them better, is waited for.
func (l *lab) warmUp(ctx context.Context, p *peer, s *server, j job) error {
	if l.opts.smoke {
		return nil
	}
	j.MissEvery, j.Connections = 0, min(j.Connections, 64)
	if _, err := l.wrk(ctx, s.addr, j, 0, max(time.Second, l.opts.duration/3)); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	return l.idle(ctx, p, s, j)
}

// timed is the part of a measurement that counts.
func (l *lab) timed(ctx context.Context, s *server, j job, f *figures) error {
	var calls *caller
	if j.Revalidations > 0 {
		calls = startCaller(ctx, s.admin, l.origin, j)
	}
	before, err := groupStat(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	f.Load, err = l.wrk(ctx, s.addr, j, l.fresh, l.opts.duration+j.connecting())
	if err != nil {
		return errors.Join(err, calls.stop(f))
	}
	after, err := groupStat(s.cmd.Process.Pid)
	if err != nil {
		return errors.Join(err, calls.stop(f))
	}
	f.Hits = float64(f.Load.Requests) / (float64(f.Load.Micros) / 1e6)
	f.CPU = float64((after.cpu-before.cpu)/time.Microsecond) / float64(f.Load.Requests)
	f.P50, f.P99 = float64(f.Load.P50)/1e3, float64(f.Load.P99)/1e3
	f.RSS = after.rss
	return calls.stop(f)
}

// after verifies all pages once more, and a sample of those that were misses.
func (l *lab) after(ctx context.Context, s *server, j job) (answers, error) {
	all, err := verify(ctx, s.addr, j.Gzip, 0, j.Hot, s.check)
	if err != nil || j.MissEvery == 0 {
		return all, err
	}
	// The paths of this run are used up; some were asked for and some were not.
	missed, err := verify(ctx, s.addr, j.Gzip, l.fresh+1, 200, s.check)
	l.fresh += 100_000_000
	// Their share in the run is small and their size the same, but for the head,
	// so that they must not shift the mean.
	all.Min, all.Max = min(all.Min, missed.Min), max(all.Max, missed.Max)
	return all, err
}

// slack is by how many bytes a head may differ from those before and after:
// digits of Age and of numbers of requests, and what says how an answer came
// about when not all are plain hits.
func (j job) slack() int {
	if j.MissEvery > 0 || j.Revalidations > 0 {
		return 160
	}
	return 16
}
