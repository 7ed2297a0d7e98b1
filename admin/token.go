package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/time/rate"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/secret"
)

// Token is somebody who may call the API.
type Token struct {
	// Name says who it is, in receipts, explanations and the log. Required, and
	// only of letters, digits and ".", "-", "_": at most 64.
	Name string

	// Secrets are what the token presents; any of them will do. Two at once make a
	// rotation: add the new one, move the callers, drop the old one. At least one
	// is required, each of at least 16 bytes.
	Secrets []string

	// Actions are what it may do: "read" (pages, explanations, receipts, status
	// and metrics), "revalidate" and "prerender". Empty, or "*": all.
	Actions []string

	// Paths and Tags are what it may do that to. Empty, both: to everything. Else
	// only to what one of them names, in every endpoint: a token with Paths and no
	// Tags may name no tag, and the other way round. Neither may name the whole
	// site.
	//
	// A pattern is the whole name ("/about", "type:post"), or its beginning and a
	// "*" that stands for anything, also for nothing and for slashes ("/posts/*"
	// is /posts/ and all below it, not /posts). Paths are compared in canonical
	// form, so no other spelling of a path reaches further.
	Paths []string
	Tags  []string

	// Hosts are the hosts of the site whose pages it may do that to; see
	// [reprint.Options.Hosts]. Empty: all. Such a token must name the host in each
	// call, which narrows all that it names to the host.
	Hosts []string

	// Quota is how often it may revalidate, restore, release, prerender and decide
	// on what is kept aside. Zero: as often as it wants.
	Quota Quota

	// Brake is how much a revalidation of this token may mean that was not confirmed,
	// in place of [reprint.Options.Brake]. Nil: that one.
	Brake *reprint.Brake
}

// The actions.
const (
	actionRead       = "read"
	actionRevalidate = "revalidate"
	actionPrerender  = "prerender"
)

var actions = []string{actionRead, actionRevalidate, actionPrerender}

// caller is a token without its secrets.
type caller struct {
	name    string
	by      string // as receipts say it
	secrets secret.Set
	actions []string  // nil: all
	paths   []pattern // with tags: neither, everything
	tags    []pattern
	hosts   []string // nil: all
	quota   Quota
	limiter *rate.Limiter  // nil: there is no quota
	brake   *reprint.Brake // nil: that of the site
}

// anybody is who calls when there are no tokens.
var anybody = &caller{by: "admin"}

func newCaller(t Token, quotas *Quotas) *caller {
	c := &caller{name: t.Name, by: "token " + t.Name, secrets: secret.NewSet(t.Secrets), quota: t.Quota, brake: t.Brake, limiter: quotas.of(t)}
	if !slices.Contains(t.Actions, "*") {
		c.actions = slices.Clone(t.Actions)
	}
	for _, p := range t.Paths {
		parsed, _ := parsePathPattern(p) // validate has looked at the error
		c.paths = append(c.paths, parsed)
	}
	for _, p := range t.Tags {
		parsed, _ := parseTagPattern(p)
		c.tags = append(c.tags, parsed)
	}
	for _, h := range t.Hosts {
		c.hosts = append(c.hosts, hostName(h))
	}
	return c
}

// hostName is a host as keys have it: in lower case, without the root's dot.
func hostName(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// validateTokens reports every fault. Secrets are told apart by their place,
// never by their text.
func validateTokens(tokens []Token) error {
	var errs []error
	names := make(map[string]bool)
	owner := make(map[string]string) // of a secret
	for i, t := range tokens {
		label := fmt.Sprintf("token %q", t.Name)
		if !isTokenName(t.Name) {
			label = fmt.Sprintf("token %d of %d", i+1, len(tokens))
			errs = append(errs, fmt.Errorf("%s: the name %q must be 1 to 64 letters, digits, dots, hyphens and underscores", label, shorten(t.Name)))
		}
		if names[t.Name] {
			errs = append(errs, fmt.Errorf("%s is there twice; give each caller a token with a name of its own, and a token two secrets to rotate them", label))
		}
		names[t.Name] = true
		for _, err := range t.faults() {
			errs = append(errs, fmt.Errorf("%s: %w", label, err))
		}
		for j, s := range t.Secrets {
			if other, taken := owner[s]; taken && other != t.Name {
				errs = append(errs, fmt.Errorf("%s: secret %d of %d is also one of token %q; nobody could tell who calls", label, j+1, len(t.Secrets), other))
			}
			owner[s] = t.Name
		}
	}
	return errors.Join(errs...)
}

func (t Token) faults() []error {
	var errs []error
	if len(t.Secrets) == 0 {
		errs = append(errs, errors.New("Secrets is empty; "+secret.HowToMakeOne))
	}
	for i, s := range t.Secrets {
		if fault := secret.Weakness(s); fault != "" {
			errs = append(errs, fmt.Errorf("secret %d of %d %s; %s", i+1, len(t.Secrets), fault, secret.HowToMakeOne))
		}
	}
	if err := t.Quota.fault(); err != nil {
		errs = append(errs, err)
	}
	for _, a := range t.Actions {
		if a != "*" && !slices.Contains(actions, a) {
			errs = append(errs, fmt.Errorf("unknown action %q; there are %s, and * for all", shorten(a), list(actions)))
		}
	}
	for _, p := range t.Paths {
		if _, err := parsePathPattern(p); err != nil {
			errs = append(errs, err)
		}
	}
	for _, p := range t.Tags {
		if _, err := parseTagPattern(p); err != nil {
			errs = append(errs, err)
		}
	}
	if t.Brake != nil {
		if err := t.Brake.Validate(); err != nil {
			errs = append(errs, errors.New(text(err)))
		}
	}
	for _, h := range t.Hosts {
		if h == "" || strings.ContainsAny(h, "/:*@ ") {
			errs = append(errs, fmt.Errorf("host %q is no host name; write it without scheme and port, like www.example.com", shorten(h)))
		}
	}
	return errs
}

func isTokenName(s string) bool {
	for _, c := range s {
		if c > unicode.MaxASCII || !(unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune(".-_", c)) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// list writes names as a sentence does: "a, b and c".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
