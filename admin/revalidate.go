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
)

// maxTargets is how many targets one call may name: each costs a look-up and an
// entry in the ledger before anything is rendered.
const maxTargets = 10_000

func (h *handler) revalidate(c *call) (answer, error) {
	r, err := c.readRevalidation()
	if err != nil {
		return answer{}, err
	}
	if r, err = c.who.aim(r); err != nil {
		h.logRevalidation(c, r, nil, err)
		return answer{}, err
	}
	receipt, err := h.site.Apply(c.ctx(), r)
	h.logRevalidation(c, r, receipt, err)
	switch {
	case receipt == nil:
		return answer{}, err
	case err != nil:
		return incomplete(receipt, err)
	case r.NoWait && !r.DryRun:
		return answer{http.StatusAccepted, receipt, map[string]string{"Location": "/v1/receipts/" + receipt.ID}}, nil
	}
	return answer{status: http.StatusOK, body: receipt}, nil
}

// readRevalidation reads and checks what does not depend on the site.
func (c *call) readRevalidation() (reprint.Revalidation, error) {
	var b RevalidateRequest
	var only json.RawMessage
	const texts, truth = "a list of strings", "true or false"
	err := c.readObject([]member{
		{"paths", texts, &b.Paths}, {"tags", texts, &b.Tags}, {"prefixes", texts, &b.Prefixes}, {"everyTag", truth, &b.EveryTag},
		{"patterns", texts, &b.Patterns}, {"all", truth, &b.All}, {"host", "a string", &b.Host}, {"mode", "a string", &b.Mode},
		{"only", "an object", &only},
		{"wait", truth, &b.Wait}, {"onlyGenerated", truth, &b.OnlyGenerated}, {"dryRun", truth, &b.DryRun},
	}, false)
	if err != nil {
		return reprint.Revalidation{}, err
	}
	r := reprint.Revalidation{
		Paths: b.Paths, Tags: b.Tags, EveryTag: b.EveryTag, Prefixes: b.Prefixes, Patterns: b.Patterns, All: b.All, Host: b.Host,
		OnlyGenerated: b.OnlyGenerated, DryRun: b.DryRun, NoWait: b.Wait != nil && !*b.Wait,
		By: c.who.by,
	}
	var errs []error
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
	for _, tag := range b.Tags {
		if err := reprint.ValidTag(tag); err != nil {
			errs = append(errs, badRequest(text(err), ""))
		}
	}
	if n := len(b.Paths) + len(b.Tags) + len(b.Prefixes) + len(b.Patterns); n > maxTargets {
		errs = append(errs, badRequest(fmt.Sprintf("%d targets are too many; at most %d in one call", n, maxTargets), "name a prefix or a tag, or make several calls"))
	}
	return r, errors.Join(errs...)
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
	if o.OlderThan != "" {
		d, err := time.ParseDuration(o.OlderThan)
		if err != nil || d <= 0 {
			return only, badRequest(fmt.Sprintf("only.olderThan: %q is no length of time", shorten(o.OlderThan)), "write it like 90s, 15m or 24h")
		}
		only.OlderThan = d
	}
	if only.IsZero() {
		return only, badRequest("only says nothing: it has no states, no statuses and no olderThan", "leave it out to mean all pages that are named")
	}
	if err := only.Validate(); err != nil {
		return only, badRequest(text(err), "")
	}
	return only, nil
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
func (h *handler) logRevalidation(c *call, r reprint.Revalidation, receipt *reprint.Receipt, err error) {
	attrs := []slog.Attr{slog.String("by", c.who.by), slog.String("mode", r.Mode.String())}
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
	if r.DryRun {
		attrs = append(attrs, slog.Bool("dryRun", true))
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
	attrs = append(attrs, slog.String("from", c.r.RemoteAddr), slog.String("result", result))
	h.log.LogAttrs(c.ctx(), slog.LevelInfo, message, attrs...)
}

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
