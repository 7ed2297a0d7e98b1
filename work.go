package reprint

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// work owns the site's goroutines: it starts them until it is closed, and can be
// waited for.
type work struct {
	mu   sync.Mutex
	shut bool // guarded by mu
	wg   sync.WaitGroup
}

// start runs f on a goroutine, or reports false when work is closed.
func (w *work) start(f func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		return false
	}
	w.wg.Go(f)
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
	w.wg.Add(1)
	return true
}

func (w *work) end() { w.wg.Done() }

func (w *work) closed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shut
}

func (w *work) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = true
}

// wait returns a channel that is closed when everything that was started has
// ended.
func (w *work) wait() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		w.wg.Wait()
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
// that run finish and are stored; those still running when ctx ends are cut, and
// nothing of them is kept. Shutdown returns when nothing runs any more, with nil
// when nothing was cut and with ctx's error otherwise. Handlers that do not stop
// when they are cut are left behind. A second call does the same.
func (s *Site) Shutdown(ctx context.Context) error {
	s.work.close()
	s.stop()
	done := s.work.wait()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	s.cancel(ErrClosed)
	<-done
	return err
}
