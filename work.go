package reprint

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// work owns the site's goroutines: it starts them until it is closed, and can be
// waited for.
type work struct {
	crew *crew

	mu    sync.Mutex
	shut  bool           // guarded by mu
	wg    sync.WaitGroup // of goroutines
	calls sync.WaitGroup // of callers on goroutines of their own
}

// start runs f on a goroutine, or reports false when work is closed.
func (w *work) start(f func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		return false
	}
	w.wg.Add(1)
	w.crew.do(func() {
		defer w.wg.Done()
		f()
	})
	return true
}

// begin has close waited for what the caller does until end, or reports false
// when work is closed.
func (w *work) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		return false
	}
	w.calls.Add(1)
	return true
}

func (w *work) end() { w.calls.Done() }

func (w *work) closed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shut
}

func (w *work) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = true
	w.crew.end()
}

// ended returns a channel that is closed when all of groups have ended.
func ended(groups ...*sync.WaitGroup) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		for _, g := range groups {
			g.Wait()
		}
		close(done)
	}()
	return done
}

// lost counts handlers that still run although nobody waits for them.
type lost struct{ n atomic.Int64 }

func (l *lost) add(n int64) { l.n.Add(n) }
func (l *lost) count() int  { return int(l.n.Load()) }

// throttle lets one thing be said a minute.
type throttle struct {
	mu   sync.Mutex
	last time.Time // guarded by mu
}

func (t *throttle) due(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.last) < time.Minute {
		return false
	}
	t.last = now
	return true
}

// Shutdown ends the site's work. From its call on no render begins: what is
// stored is served on, other pages get 503, and calls get [ErrClosed]. Renders
// and calls that run finish; what still runs when ctx ends is cut, and nothing of
// it is kept. Shutdown returns nil when nothing was cut and ctx's error otherwise.
// Handlers that do not stop when they are cut are left behind, and so are calls
// whose own journal or context does not let them. A second call does the same.
func (s *Site) Shutdown(ctx context.Context) error {
	s.work.close()
	s.stop()
	err := s.finishLanes(ctx)
	select {
	case <-ended(&s.work.wg, &s.work.calls):
	case <-ctx.Done():
		err = cmp.Or(err, context.Cause(ctx))
	}
	s.cancel(ErrClosed)
	s.work.wg.Wait()
	return err
}

// sleep waits, and reports whether ctx lasted that long.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
