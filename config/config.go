// Package config reads the configuration file of reprint serve.
//
// It knows the file and nothing of what is built from it: [Load] checks all that
// can be known without touching the network, and the program wires the rest.
package config

import (
	"net/netip"
	"regexp"
	"time"
)

// Config is a configuration that was checked, with every default in place.
type Config struct {
	File   string // it was read from; empty: there is none
	Listen string // the public listener, host:port
	TLS    *TLS   // nil: plain HTTP

	Admin  Admin
	Sites  []Site // at least one; only the first and only one may have no Hosts
	Store  Store
	Limits Limits

	Revalidation Revalidation

	TrustedProxies []netip.Prefix // peers whose X-Forwarded-* are believed
	Log            Log
	FastLane       bool     // plain hits are answered before net/http
	Compression    []string // content codings that pages are offered in; nil: all, empty: none
	Metrics        bool
	Tracing        Tracing

	ReadyAfterPrerender bool          // readyz waits for the prerendering at start
	Drain               time.Duration // how long running requests are waited for at SIGTERM
}

// TLS names the files of the public listener's certificate, as PEM.
type TLS struct{ Certificate, Key string }

// Admin is the admin listener.
type Admin struct {
	Listen string // host:port; empty: there is none
	Tokens []Token
	// Hosts are the names under which a browser may call it, besides IP addresses
	// and localhost: against DNS rebinding.
	Hosts []string
}

// Token lets its holder use the admin API.
type Token struct {
	Name    string
	Secrets []string // any of them will do
	Actions []string // of "revalidate", "prerender", "read"; empty: all
	Paths   []string // patterns of paths it may name; empty: all
	Tags    []string // patterns of tags, "post:*"; empty: all
	Hosts   []string // empty: all
	Quota   Quota    // how often it may revalidate, restore and so on; zero: as often as its holder wants
	Brake   *Brake   // nil: that of Revalidation
}

// Quota is so many calls in a time.
type Quota struct {
	Calls int
	Per   time.Duration
}

// Site is one site: its names, its origin and its routes.
type Site struct {
	Hosts         []string // empty: any name
	Origin        Origin
	TrailingSlash string // "keep", "add" or "remove"
	Routes        []Route
	Hooks         []Hook
	Drop          []string // query parameters that are never part of a key
	SessionCookie []string // cookies with which paths under no route pass through
}

// Origin is the HTTP server that renders.
type Origin struct {
	URL            string        // scheme and authority
	Host           string        // the Host that it is asked for; empty: the site's own name, or that of URL
	Timeout        time.Duration // of a render
	HeaderTimeout  time.Duration // until its header has come
	Headers        [][2]string   // added to every request
	Framework      string        // "" or "nextjs"
	Conditional    bool          // re-renders ask with If-None-Match
	MaxConnections int           // 0: no limit
	ClientHeaders  []string      // framework headers of clients that may reach it when passing through
	AllowInsecure  bool          // its certificate is not checked
	Proto          string        // what visitors speak, "http" or "https"; empty: what the listener speaks

	AllowUndelimited bool // pages are taken that end with their connection
}

// Route is how the pages of a pattern are kept.
type Route struct {
	Path          string // the pattern
	Pos           Pos    // of Path, for errors that come later
	Bypass        bool
	Pin           bool // its pages are not dropped to make room
	WebSocket     bool
	FollowHeaders bool // freshness: headers
	Revalidate    time.Duration
	Expire        time.Duration
	Negative      time.Duration
	Timeout       time.Duration
	Fallback      string // "blocking", "notfound" or "shell"
	Shell         string // the path of the placeholder
	Query         []string
	Vary          []Vary
	Tags          []string // templates, "post:{id}"
	CacheControl  string
	BypassHeaders []string
	BypassCookies []string
	Ignore        []string
	Invalidate    bool
	Volatile      []*regexp.Regexp
	History       int
	Proof         *Proof     // nil: nothing is asked of a page
	Prerender     *Prerender // nil: nothing
}

// Vary is a request header that makes variants, with the values that count.
type Vary struct {
	Header string
	Values []string
}

// Proof is what a new page must pass; see package proof.
type Proof struct {
	Size      float64 // the smallest share of the last good page's size; 0: any
	Contains  []string
	Excludes  []string
	Selectors []string
	Index     bool // it may not be newly noindex
	Gone      *int // how many pages one revalidation may turn from 200 to 404 or 410; nil: any number
}

// Prerender is what is rendered before anybody asks.
type Prerender struct {
	Sitemap string   // path or URL of the origin
	Paths   []string // paths
	URL     string   // path or URL of the origin that returns a list
	AtStart bool
}

// Hook is an inbound call; see package hook.
type Hook struct {
	Path    string
	Secrets []string
	Param   string
	Missing string
	Paths   []string
	Name    string
	Pos     Pos
}

// Store is where pages are kept.
type Store struct {
	Path     string // empty: memory only
	Memory   int64  // bytes
	Disk     int64  // bytes
	MaxPages int64
	Receipts time.Duration // how long they are kept
}

// Limits bound the work.
type Limits struct {
	Renders   int   // at once
	Queue     int   // waiting
	MaxPage   int64 // bytes of a body
	MaxHeader int   // bytes of a request's header
}

// Revalidation bounds revalidations.
type Revalidation struct {
	Window time.Duration // a render is shared by those that come within it
	Calls  int           // under way at once
	Brake  Brake
}

// Brake is how much a revalidation may mean that was not confirmed.
type Brake struct {
	Pages   int     // zero: any number
	Traffic float64 // share of visits, 0 to 1; zero: any
}

// Log is what is written and how.
type Log struct {
	Format string  // "json" or "text"
	Level  string  // "debug", "info", "warn" or "error"
	Access float64 // the share of requests that are logged, 0 to 1
}

// Tracing sends traces of renders to a collector.
type Tracing struct {
	Endpoint string // URL of an OTLP/HTTP collector; empty: no tracing
	Sample   float64
}

// Pos is a place in the file.
type Pos struct{ Line, Column int }
