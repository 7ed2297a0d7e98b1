package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/peer"
)

// maxTargets is how many targets one call may name: each costs a look-up and an
// entry in the ledger before anything is rendered.
const maxTargets = 10_000

func (h *handler) revalidate(c *call) (answer, error) {
	if err := h.spend(c); err != nil {
		return answer{}, err
	}
	r, when, err := c.readRevalidation()
	if err != nil {
		return answer{}, err
	}
	r.From = h.from(c.r)
	if r, err = c.who.aim(r); err != nil {
		h.logRevalidation(c, r, nil, err)
		return answer{}, err
	}
	r.Brake = c.who.brake
	if !when.isZero() {
		return h.plan(c, r, when)
	}
	receipt, err := h.site.Apply(c.ctx(), r)
	h.logRevalidation(c, r, receipt, err)
	switch {
	case receipt == nil:
		return answer{}, err
	case err != nil:
		return incomplete(receipt, err)
	case (r.NoWait || receipt.Running) && !r.DryRun:
		return answer{http.StatusAccepted, receipt, map[string]string{"Location": "/v1/receipts/" + receipt.ID}}, nil
	}
	return answer{status: http.StatusOK, body: receipt}, nil
}

// readRevalidation reads and checks what does not depend on the site.
func (c *call) readRevalidation() (reprint.Revalidation, moments, error) {
	var b RevalidateRequest
	var only, expect json.RawMessage
	const texts, truth = "a list of strings", "true or false"
	err := c.readObject([]member{
		{"paths", texts, &b.Paths}, {"tags", texts, &b.Tags}, {"prefixes", texts, &b.Prefixes}, {"everyTag", truth, &b.EveryTag},
		{"patterns", texts, &b.Patterns}, {"all", truth, &b.All}, {"host", "a string", &b.Host}, {"mode", "a string", &b.Mode},
		{"only", "an object", &only}, {"expect", "an object", &expect},
		{"wait", truth, &b.Wait}, {"onlyGenerated", truth, &b.OnlyGenerated}, {"dryRun", truth, &b.DryRun},
		{"refill", truth, &b.Refill}, {"confirm", truth, &b.Confirm}, {"revalidateAt", "a string", &b.RevalidateAt}, {"daily", "a string", &b.Daily},
	}, false)
	if err != nil {
		return reprint.Revalidation{}, moments{}, err
	}
	r := reprint.Revalidation{
		Paths: b.Paths, Tags: b.Tags, EveryTag: b.EveryTag, Prefixes: b.Prefixes, Patterns: b.Patterns, All: b.All, Host: b.Host,
		OnlyGenerated: b.OnlyGenerated, DryRun: b.DryRun, NoWait: b.Wait != nil && !*b.Wait,
		Refill: b.Refill, Confirm: b.Confirm,
		By: c.who.by,
	}
	when, err := readMoments(b)
	errs := []error{err}
	if b.Mode != "" {
		if err := r.Mode.UnmarshalText([]byte(b.Mode)); err != nil {
			errs = append(errs, badRequest(text(err), ""))
		}
	}
	if len(only) > 0 && string(only) != "null" {
		var err error
		r.Only, err = readOnly(only)
		errs = append(errs, err)
	}
	if len(expect) > 0 && string(expect) != "null" {
		var err error
		r.Expect, err = readExpect(expect)
		errs = append(errs, err)
		if r.Mode != reprint.Regenerate {
			errs = append(errs, badRequest(fmt.Sprintf("expect: mode %v renders nothing that could be waited for", r.Mode), "leave the mode out, or write regenerate"))
		}
	}
	if b.EveryTag && len(b.Tags) == 0 {
		errs = append(errs, badRequest("everyTag is true, and there are no tags", ""))
	}
	for _, tag := range b.Tags {
		if err := reprint.ValidTag(tag); err != nil {
			errs = append(errs, badRequest(text(err), ""))
		}
	}
	if n := len(b.Paths) + len(b.Tags) + len(b.Prefixes) + len(b.Patterns); n > maxTargets {
		errs = append(errs, badRequest(fmt.Sprintf("%d targets are too many; at most %d in one call", n, maxTargets), "name a prefix or a tag, or make several calls"))
	}
	return r, when, errors.Join(append(errs, checkRefill(r))...)
}

// readOnly checks what the site would refuse too, so that all that is wrong with a call
// is said at once.
func readOnly(raw json.RawMessage) (only reprint.Only, err error) {
	var o Only
	err = parseObject(raw, []member{
		{"states", "a list of strings", &o.States}, {"statuses", "a list of numbers", &o.Statuses}, {"olderThan", "a string like 24h", &o.OlderThan},
	}, "only.")
	if err != nil {
		return only, err
	}
	for _, state := range o.States {
		only.States = append(only.States, reprint.State(state))
	}
	only.Statuses = o.Statuses
	if only.OlderThan, err = readDuration("only.olderThan", o.OlderThan); err != nil {
		return only, err
	}
	if only.IsZero() {
		return only, badRequest("only says nothing: it has no states, no statuses and no olderThan", "leave it out to mean all pages that are named")
	}
	if err := only.Validate(); err != nil {
		return only, badRequest(text(err), "")
	}
	return only, nil
}

// readDuration reads a length of time; an empty text is none.
func readDuration(field, s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, badRequest(fmt.Sprintf("%s: %q is no length of time", field, shorten(s)), "write it like 90s, 15m or 24h")
	}
	return d, nil
}

// readExpect is readOnly for what is waited for.
func readExpect(raw json.RawMessage) (x reprint.Expect, err error) {
	var e Expect
	err = parseObject(raw, []member{
		{"header", "an object of strings", &e.Header}, {"contains", "a list of strings", &e.Contains}, {"changed", "true or false", &e.Changed},
		{"version", "a whole number", &e.Version}, {"timeout", "a string like 10s", &e.Timeout},
	}, "expect.")
	if err != nil {
		return x, err
	}
	x = reprint.Expect{Header: e.Header, Contains: e.Contains, Changed: e.Changed, Version: e.Version}
	if x.Timeout, err = readDuration("expect.timeout", e.Timeout); err != nil {
		return x, err
	}
	if x.IsZero() {
		return x, badRequest("expect says nothing: it has no header, no contains, no changed and no version", "leave it out to take the next page as it is")
	}
	if err := x.Validate(); err != nil {
		return x, badRequest(text(err), "")
	}
	return x, nil
}

// incomplete is the answer to a revalidation that is in force, and of which not
// all pages could be rendered: its receipt, with a message.
func incomplete(receipt *reprint.Receipt, err error) (answer, error) {
	body, fault := json.Marshal(receipt)
	if fault != nil {
		return answer{}, fault
	}
	message, fault := json.Marshal(text(err))
	if fault != nil {
		return answer{}, fault
	}
	body = append(bytes.TrimSuffix(body, []byte("}")), `,"message":`...)
	body = append(append(body, message...), '}')
	a := answer{status: http.StatusBadGateway, body: json.RawMessage(body)}
	if p := problemOf(err); p.status == http.StatusServiceUnavailable {
		a.status = p.status
		a.header = map[string]string{"Retry-After": seconds(p.retryAfter)}
	}
	return a, nil
}

// logRevalidation writes down who changed what.
func (h *handler) logRevalidation(c *call, r reprint.Revalidation, receipt *reprint.Receipt, err error, more ...slog.Attr) {
	attrs := append([]slog.Attr{slog.String("by", c.who.by), slog.String("mode", r.Mode.String())}, more...)
	attrs = append(attrs, some("paths", r.Paths)...)
	attrs = append(attrs, some("tags", r.Tags)...)
	if r.EveryTag {
		attrs = append(attrs, slog.Bool("everyTag", true))
	}
	attrs = append(attrs, some("prefixes", r.Prefixes)...)
	attrs = append(attrs, some("patterns", r.Patterns)...)
	if r.All {
		attrs = append(attrs, slog.Bool("all", true))
	}
	if r.Host != "" {
		attrs = append(attrs, slog.String("host", r.Host))
	}
	if !r.Only.IsZero() {
		attrs = append(attrs, slog.Any("only", r.Only))
	}
	if !r.Expect.IsZero() {
		attrs = append(attrs, slog.Bool("expect", true))
	}
	if r.DryRun {
		attrs = append(attrs, slog.Bool("dryRun", true))
	}
	if r.Refill {
		attrs = append(attrs, slog.Bool("refill", true))
	}
	if r.Confirm {
		attrs = append(attrs, slog.Bool("confirm", true))
	}
	if receipt != nil {
		attrs = append(attrs, slog.String("receipt", receipt.ID), slog.Int("matched", receipt.Matched), slog.Int("failed", receipt.Failed), slog.Bool("running", receipt.Running))
	}
	h.logCall(c, "admin: revalidate", attrs, err)
}

// logCall writes the line of a call that changes something.
func (h *handler) logCall(c *call, message string, attrs []slog.Attr, err error) {
	result := "done"
	if err != nil {
		result = text(err)
	}
	attrs = append(attrs, slog.String("from", h.from(c.r)), slog.String("result", result))
	h.log.LogAttrs(c.ctx(), slog.LevelInfo, message, attrs...)
}

// from says where a call came from, for receipts and the log.
func (h *handler) from(r *http.Request) string { return peer.From(r, h.opts.Address(r)) }

// some is an attribute with the first of many names, and how many there are.
func some(key string, names []string) []slog.Attr {
	const enough = 10
	switch n := len(names); {
	case n == 0:
		return nil
	case n <= enough:
		return []slog.Attr{slog.Any(key, names)}
	default:
		return []slog.Attr{slog.Any(key, slices.Clone(names[:enough])), slog.Int(key+"InAll", n)}
	}
}
