package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/config"
)

// traces sends a span for each render to a collector. A nil *traces sends none.
type traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// newTraces returns nil when no collector is configured. It does not connect: a
// collector that is not there costs traces, not pages.
func newTraces(ctx context.Context, cfg config.Tracing) (*traces, error) {
	if cfg.Endpoint == "" {
		return nil, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(cfg.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("tracing.endpoint: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(cfg.Sample))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "reprint"), attribute.String("service.version", thisBuild().Version))),
	)
	return &traces{provider: provider, tracer: provider.Tracer("github.com/reprint-go/reprint")}, nil
}

// join returns t with a span for each render.
func (ts *traces) join(t reprint.Trace) reprint.Trace {
	if ts == nil {
		return t
	}
	done := t.RenderDone
	t.RenderStart = func(ctx context.Context, r reprint.RenderInfo) context.Context {
		ctx, _ = ts.tracer.Start(ctx, "render "+r.Route, trace.WithAttributes(
			attribute.String("reprint.page", r.Key.String()), attribute.String("reprint.route", r.Route), attribute.String("reprint.cause", r.Cause)))
		return ctx
	}
	t.RenderDone = func(ctx context.Context, r reprint.RenderInfo) {
		span := trace.SpanFromContext(ctx)
		span.SetAttributes(attribute.Int("http.response.status_code", r.Status), attribute.Int("reprint.size", r.Size),
			attribute.String("reprint.result", renderResult(r)))
		if r.Err != nil {
			span.SetStatus(codes.Error, r.Err.Error())
		}
		span.End()
		done(ctx, r)
	}
	return t
}

// transport returns what tells the origin of the span that a request to it is part
// of (W3C Trace Context).
func (ts *traces) transport() func(http.RoundTripper) http.RoundTripper {
	if ts == nil {
		return nil
	}
	return func(next http.RoundTripper) http.RoundTripper { return tracingTransport{next} }
}

type tracingTransport struct{ next http.RoundTripper }

func (t tracingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace.SpanContextFromContext(r.Context()).IsValid() {
		r = r.Clone(r.Context())
		propagation.TraceContext{}.Inject(r.Context(), propagation.HeaderCarrier(r.Header))
	}
	return t.next.RoundTrip(r)
}

// close sends what is left.
func (ts *traces) close() {
	if ts == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = ts.provider.Shutdown(ctx) // spans that cannot be sent are lost, and nothing else
}
