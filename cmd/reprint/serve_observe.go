package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/hook"
)

// The verdicts of requests that do not reach the site.
const (
	verdictHook     = "hook"     // a hook answered
	verdictRedirect = "redirect" // the path has another form
)

// observer sees every request and render, for the access log and the metrics.
type observer struct {
	log     *slog.Logger
	access  atomic.Pointer[float64] // the share of requests that are logged
	clients observedClients

	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	renders  *prometheus.CounterVec
	rendered *prometheus.HistogramVec
	calls    *prometheus.CounterVec
	reloads  *prometheus.CounterVec
	hits     sync.Map // of *fastSeries, by route
	lastHit  atomic.Pointer[fastSeries]
}

// observedClients tells the address of a request's client.
type observedClients interface {
	clientAddress(r *http.Request) string
	fastClient(r *reprint.FastRequest) string
}

func newObserver(log *slog.Logger, clients observedClients) *observer {
	o := &observer{
		log: log, clients: clients,
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reprint_requests_total",
			Help: "Requests by route and what became of them."}, []string{"route", "verdict"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "reprint_request_duration_seconds",
			Help: "From the request's header to the end of the answer.", Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 10}}, []string{"verdict"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reprint_response_body_bytes_total",
			Help: "Bytes of bodies sent."}, []string{"verdict"}),
		renders: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reprint_renders_total",
			Help: "Renders by route and result: changed, unchanged, private or failed."}, []string{"route", "result"}),
		rendered: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "reprint_render_duration_seconds",
			Help: "How long renders took, with storing.", Buckets: []float64{.001, .005, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}}, []string{"route"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reprint_revalidations_total",
			Help: "Revalidations by mode and result: done or failed."}, []string{"mode", "result"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reprint_config_reloads_total",
			Help: "Reloads of the configuration by result: done or refused."}, []string{"result"}),
	}
	o.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		o.requests, o.seconds, o.bytes, o.renders, o.rendered, o.calls, o.reloads)
	return o
}

// watch adds gauges of the site's status.
func (o *observer) watch(status func() reprint.Status) {
	for _, g := range []struct {
		name, help string
		value      func(reprint.Status) float64
	}{
		{"reprint_pages", "Pages stored.", func(s reprint.Status) float64 { return float64(s.Pages) }},
		{"reprint_memory_pages", "Pages in memory.", func(s reprint.Status) float64 { return float64(s.MemoryPages) }},
		{"reprint_memory_bytes", "Bytes of pages in memory, with bookkeeping.", func(s reprint.Status) float64 { return float64(s.MemoryBytes) }},
		{"reprint_memory_limit_bytes", "The limit on them.", func(s reprint.Status) float64 { return float64(s.MemoryLimit) }},
		{"reprint_renders_running", "Renders that run now.", func(s reprint.Status) float64 { return float64(s.RendersRunning) }},
		{"reprint_renders_waiting", "Renders that wait for their turn.", func(s reprint.Status) float64 { return float64(s.RendersWaiting) }},
		{"reprint_pages_failing", "Pages whose last render failed.", func(s reprint.Status) float64 { return float64(s.Failing) }},
		{"reprint_journal_position", "Position of the journal: the number of revalidations so far.", func(s reprint.Status) float64 { return float64(s.Position) }},
	} {
		o.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help},
			func() float64 { return g.value(status()) }))
	}
}

func (o *observer) metrics() http.Handler {
	return promhttp.HandlerFor(o.registry, promhttp.HandlerOpts{})
}

// trace returns what the site tells the observer.
func (o *observer) trace() reprint.Trace {
	return reprint.Trace{
		Served: func(r *http.Request, s reprint.Served) {
			seen := seenOf(r)
			seen.route, seen.verdict, seen.detail = s.Route, string(s.Verdict), s.Detail
		},
		RenderDone: func(_ context.Context, r reprint.RenderInfo) {
			o.renders.WithLabelValues(r.Route, renderResult(r)).Inc()
			o.rendered.WithLabelValues(r.Route).Observe(r.Took.Seconds())
		},
		Revalidated: func(r *reprint.Receipt) {
			result := "done"
			if r.Failed > 0 {
				result = "failed"
			}
			o.calls.WithLabelValues(r.Mode.String(), result).Inc()
		},
	}
}

func renderResult(r reprint.RenderInfo) string {
	switch {
	case r.Err != nil:
		return "failed"
	case r.Private:
		return "private"
	case r.Changed:
		return "changed"
	}
	return "unchanged"
}

// seen is what is known of a request when it has been answered.
type seen struct {
	route, verdict, detail string
	status                 int
	bytes                  int64
}

type seenKey struct{}

// seenOf returns what is noted of a request. Of one that nobody observes it is
// thrown away.
func seenOf(r *http.Request) *seen {
	if s, ok := r.Context().Value(seenKey{}).(*seen); ok {
		return s
	}
	return &seen{}
}

// observe counts and logs what h answers.
func (o *observer) observe(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		s := &seen{verdict: string(reprint.VerdictRefuse)}
		counted := &countingWriter{ResponseWriter: w, seen: s, streams: r.ProtoMajor > 1}
		defer func() {
			// Also when the handler panics, to abort an answer that is not whole.
			took := time.Since(begin)
			o.requests.WithLabelValues(s.route, s.verdict).Inc()
			o.seconds.WithLabelValues(s.verdict).Observe(took.Seconds())
			o.bytes.WithLabelValues(s.verdict).Add(float64(s.bytes))
			if o.samples(s) {
				o.logRequest(r.Context(), r.Method, r.Host, hook.Scrub(r.URL), s, took, o.clients.clientAddress(r))
			}
		}()
		r = r.WithContext(context.WithValue(r.Context(), seenKey{}, s))
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = newPatientBody(r, http.NewResponseController(w))
		}
		h.ServeHTTP(counted, r)
		counted.extend() // for what net/http sends by itself
	})
}

// logRequest writes the line of a request.
func (o *observer) logRequest(ctx context.Context, method, host, target string, s *seen, took time.Duration, client string) {
	o.log.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("method", method), slog.String("host", host),
		slog.String("target", target), slog.Int("status", s.status), slog.Int64("bytes", s.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("route", s.route), slog.String("verdict", s.verdict),
		slog.String("detail", s.detail), slog.String("client", client))
}

// fastSeries is the series of a route and a verdict; those of hits are found once.
type fastSeries struct {
	route           string
	requests, bytes prometheus.Counter
	seconds         prometheus.Observer
}

// fastSeriesOf returns the series of an answer: most often that of a hit of the route
// that the last one was of.
func (o *observer) fastSeriesOf(s reprint.FastServed) *fastSeries {
	if s.Verdict != reprint.VerdictHit {
		return o.seriesOf(s.Route, s.Verdict)
	}
	if last := o.lastHit.Load(); last != nil && last.route == s.Route {
		return last
	}
	known, ok := o.hits.Load(s.Route)
	if !ok {
		route := strings.Clone(s.Route)
		known, _ = o.hits.LoadOrStore(route, o.seriesOf(route, s.Verdict))
	}
	series := known.(*fastSeries)
	o.lastHit.Store(series)
	return series
}

func (o *observer) seriesOf(route string, v reprint.Verdict) *fastSeries {
	return &fastSeries{
		route:    route,
		requests: o.requests.WithLabelValues(route, string(v)),
		bytes:    o.bytes.WithLabelValues(string(v)),
		seconds:  o.seconds.WithLabelValues(string(v)),
	}
}

// fast counts and logs what the fast lane answered.
func (o *observer) fast(r *reprint.FastRequest, s reprint.FastServed) {
	series := o.fastSeriesOf(s)
	series.requests.Inc()
	series.bytes.Add(float64(s.Bytes))
	series.seconds.Observe(s.Took.Seconds())
	if *o.access.Load() <= 0 {
		return
	}
	noted := &seen{route: s.Route, verdict: string(s.Verdict), detail: s.Detail, status: s.Status, bytes: int64(s.Bytes)}
	if o.samples(noted) {
		path, query, _ := strings.Cut(r.Target(), "?")
		o.logRequest(context.Background(), r.Method(), r.Host(), hook.Scrub(&url.URL{Path: path, RawQuery: query}), noted, s.Took, o.clients.fastClient(r))
	}
}

// samples reports whether a request is logged: a share of them, and where there is
// a log at all, those that failed.
func (o *observer) samples(s *seen) bool {
	share := *o.access.Load()
	return share > 0 && (s.status >= 500 || share >= 1 || rand.Float64() < share) //nolint:gosec // which requests are logged is no secret
}

// writeTimeout is how long a client may take for what is sent to it, writeChunk of it at
// a time. readTimeout is how long it may send nothing of a body.
const (
	writeTimeout = time.Minute
	writeChunk   = 256 << 10
	readTimeout  = time.Minute
)

// patientBody gives up on clients that stopped sending.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
	streams bool // HTTP/2: a deadline ends the stream also when nothing is being read
}

func newPatientBody(r *http.Request, control *http.ResponseController) *patientBody {
	b := &patientBody{ReadCloser: r.Body, control: control, streams: r.ProtoMajor > 1}
	if !b.streams {
		b.extend() // net/http reads what the handler leaves
	}
	return b
}

// Read has a deadline of its own. In HTTP/1 it stays until the body has ended: then
// net/http waits for the client to leave, and what is late does not mean that.
func (b *patientBody) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) || err == nil && b.streams {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// extend moves the deadline of reading. A connection that knows none, of a test for
// instance, has none.
func (b *patientBody) extend() { _ = b.control.SetReadDeadline(time.Now().Add(readTimeout)) }

// countingWriter counts what is sent, and gives up on clients that stopped
// reading.
type countingWriter struct {
	http.ResponseWriter
	seen    *seen
	streams bool // HTTP/2: a deadline ends the stream also when nothing is being written
}

func (w *countingWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.seen.status = status
	}
	w.extend()
	defer w.rest()
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(b []byte) (n int, err error) {
	if w.seen.status == 0 {
		w.seen.status = http.StatusOK
	}
	defer w.rest()
	for {
		chunk := b[n:min(n+writeChunk, len(b))]
		w.extend()
		m, err := w.ResponseWriter.Write(chunk)
		n += m
		w.seen.bytes += int64(m)
		if err != nil || n == len(b) {
			return n, err
		}
	}
}

// extend moves the deadline of writing. A connection that knows none, of a test
// for instance, has none.
func (w *countingWriter) extend() {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTimeout))
}

// rest takes the deadline away while nothing is written, where it would count.
func (w *countingWriter) rest() {
	if w.streams {
		_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Time{})
	}
}

// FlushError is a write too.
func (w *countingWriter) FlushError() error {
	w.extend()
	defer w.rest()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack hands over the connection, for another protocol.
func (w *countingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.seen.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}

// Unwrap serves http.ResponseController.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// newLog returns the log that the configuration asks for.
func newLog(g *global, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	opts := &slog.HandlerOptions{Level: l}
	if format == "text" {
		return slog.New(slog.NewTextHandler(g.err, opts)), nil
	}
	return slog.New(slog.NewJSONHandler(g.err, opts)), nil
}
