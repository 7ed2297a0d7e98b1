package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/internal/secret"
)

// none is what admin.listen says when there is to be no admin API.
const none = "none"

// build makes the configuration of a file whose form was checked, and checks what
// it means. What it returns is good if there are no faults.
func (c *checker) build(top reader) *Config {
	config := &Config{
		Listen:              c.listen(top),
		TLS:                 buildTLS(top),
		TrustedProxies:      c.proxies(top),
		Limits:              buildLimits(top.mapping("limits")),
		Revalidation:        c.revalidation(top.mapping("revalidation")),
		Store:               c.store(top.mapping("store")),
		Log:                 buildLog(top.mapping("log")),
		FastLane:            top.flag("fastLane"),
		Compression:         c.compression(top),
		Metrics:             top.flag("metrics"),
		Tracing:             c.tracing(top.mapping("tracing")),
		ReadyAfterPrerender: top.text("ready") == "afterPrerender",
		Drain:               top.duration("drain"),
	}
	config.Sites = c.sites(top)
	config.Admin = c.admin(top, config)
	c.checkPrerender(top, config)
	return config
}

// compression returns nil when nothing is said of it.
func (c *checker) compression(top reader) []string {
	if !top.has("compression") {
		return nil
	}
	c.unique(top, "compression", asIs)
	return append([]string{}, top.texts("compression")...)
}

func buildTLS(top reader) *TLS {
	if !top.has("tls") {
		return nil
	}
	tls := top.mapping("tls")
	return &TLS{Certificate: tls.text("certificate"), Key: tls.text("key")}
}

func buildLimits(r reader) Limits {
	return Limits{
		Renders: int(r.count("renders")), Queue: int(r.count("queue")),
		MaxPage: r.size("maxPage"), MaxHeader: int(r.size("maxHeader")),
	}
}

// longestWindow is the longest that a site takes; see reprint.Options.
const longestWindow = 10 * time.Second

func (c *checker) revalidation(r reader) Revalidation {
	if v := r.given("window"); v != nil && v.duration > longestWindow {
		c.add(v.at, v.path, "%s is too long: the callers wait for it; write %s or less", v.show(), durationText(longestWindow))
	}
	return Revalidation{Window: r.duration("window"), Calls: int(r.count("calls")), Brake: buildBrake(r.mapping("brake"))}
}

func buildBrake(r reader) Brake {
	return Brake{Pages: int(r.count("pages")), Traffic: r.share("traffic")}
}

func buildLog(r reader) Log {
	return Log{Format: r.text("format"), Level: r.text("level"), Access: r.share("access")}
}

// store checks that nothing is said of a file that is not there.
func (c *checker) store(r reader) Store {
	for _, name := range []string{"disk", "maxPages", "receipts"} {
		if r.has(name) && !r.has("path") {
			c.add(r.pos(name), r.path(name), "has no effect while pages are kept in memory only; set store.path, or leave the key out")
		}
	}
	if v := r.given("path"); v != nil {
		switch {
		case strings.HasPrefix(v.text, "file:"), strings.HasPrefix(v.text, ":"):
			c.add(v.at, v.path, "%s is not the name of a file; write one like ./data/reprint.db, or leave the key out to keep pages in memory", v.show())
		case strings.HasSuffix(v.text, "/"):
			c.add(v.at, v.path, "%s is a directory; write the name of a file in it, such as reprint.db", v.show())
		}
	}
	return Store{Path: r.text("path"), Memory: r.size("memory"), Disk: r.size("disk"), MaxPages: r.count("maxPages"), Receipts: r.duration("receipts")}
}

func (c *checker) tracing(r reader) Tracing {
	t := Tracing{Endpoint: r.text("endpoint"), Sample: r.share("sample")}
	v := r.given("endpoint")
	if v == nil {
		return t
	}
	if u, err := url.Parse(v.text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		c.hide(v)
		c.add(v.at, v.path, "%s is not the URL of a collector; write scheme, host and port: http://127.0.0.1:4318", v.show())
	}
	return t
}

// listen checks an address like "127.0.0.1:8080" under the key "listen".
func (c *checker) listen(r reader) string {
	v := r.given("listen")
	if v == nil {
		return r.text("listen")
	}
	host, port, err := net.SplitHostPort(v.text)
	fault := ""
	switch n, portErr := strconv.ParseUint(port, 10, 16); {
	case strings.Contains(v.text, "://"):
		fault = "is a URL; write host:port alone"
	case err != nil && strings.Trim(v.text, "0123456789") == "":
		fault = "has no colon; write host:port"
	case err != nil && strings.Contains(err.Error(), "missing port"):
		fault = "has no port; write host:port"
	case err != nil:
		fault = "is not an address; write host:port, with brackets around an IPv6 address"
	case portErr != nil || n == 0 && port != "0":
		fault = "has no port from 0 to 65535; write host:port"
	case host != "" && net.ParseIP(stripZone(host)) == nil && hostFault(host) != "":
		fault = "has a host that is neither an IP address nor a name; write host:port"
	}
	if fault != "" {
		c.add(v.at, v.path, "%s %s, such as %s", v.show(), fault, v.key.def)
		v.bad = true
	}
	return v.text
}

func stripZone(host string) string {
	ip, _, _ := strings.Cut(host, "%")
	return ip
}

// proxies reads networks; an address alone is a network of one.
func (c *checker) proxies(top reader) []netip.Prefix {
	var all []netip.Prefix
	for _, v := range top.list("trustedProxies") {
		prefix, err := netip.ParsePrefix(v.text)
		if err != nil {
			var addr netip.Addr
			if addr, err = netip.ParseAddr(v.text); err == nil {
				prefix, err = addr.Unmap().WithZone("").Prefix(addr.Unmap().BitLen())
			}
		}
		switch {
		case err != nil:
			c.add(v.at, v.path, "%s is neither an IP address nor a network; write one like 10.0.0.7 or 10.0.0.0/8", v.show())
		case prefix.Bits() == 0:
			c.add(v.at, v.path, "%s is the whole Internet: anybody could say who they are; list the proxies in front of the server", v.show())
		case prefix != prefix.Masked():
			c.add(v.at, v.path, "%s has an address in it; write the network %s, or the address alone", v.show(), v.orElse(prefix.Masked().String()))
		default:
			all = append(all, prefix)
		}
	}
	return all
}

// orElse returns a text that was made of the value, unless it came from the
// environment.
func (v *value) orElse(s string) string {
	if v.expanded {
		return "itself"
	}
	return s
}

// hide keeps a value out of messages and excerpts after all.
func (c *checker) hide(v *value) {
	if strings.Contains(v.text, "@") {
		v.hidden = true
		delete(c.shown, v.token)
	}
}

func (c *checker) admin(top reader, config *Config) Admin {
	r := top.mapping("admin")
	a := Admin{Hosts: c.hostNames(r, "hosts")}
	if r.text("listen") != none {
		a.Listen = c.listen(r)
	} else {
		for _, name := range []string{"tokens", "hosts"} {
			if r.has(name) {
				c.add(r.pos(name), r.path(name), "has no effect while admin.listen is none; leave one of them out")
			}
		}
		return a
	}
	a.Tokens = c.tokens(r, config)
	if same, why := sameListener(config.Listen, a.Listen); same {
		v := r.given("listen")
		if v == nil {
			v = top.given("listen")
		}
		c.add(v.at, v.path, "%s; give the admin API an address of its own: visitors must not reach it", why)
	}
	if v := r.given("listen"); v != nil && !r.has("tokens") && !onLoopback(a.Listen) {
		c.add(v.at, v.path, "%s is not a loopback address and there are no tokens: anybody on the network could revalidate; "+
			"list admin.tokens, or write 127.0.0.1 as the host", v.show())
	}
	return a
}

// sameListener reports whether two addresses cannot both be listened on, or reach
// the same listener.
func sameListener(public, admin string) (same bool, why string) {
	publicHost, publicPort, err := net.SplitHostPort(public)
	adminHost, adminPort, err2 := net.SplitHostPort(admin)
	switch {
	case err != nil || err2 != nil || publicPort == "0":
		return false, ""
	case publicPort != adminPort:
		return false, ""
	case strings.EqualFold(publicHost, adminHost), loopbackHost(publicHost) && loopbackHost(adminHost) && (publicHost == "localhost" || adminHost == "localhost"):
		return true, "visitors and the admin API have the same address"
	case everyHost(publicHost), everyHost(adminHost):
		return true, "visitors and the admin API have the same port, and one of them listens on all addresses"
	}
	return false, ""
}

func everyHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// onLoopback reports whether only the machine itself can reach an address. One
// that is not an address was reported already.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err != nil || loopbackHost(host)
}

func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

var tokenName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (c *checker) tokens(admin reader, config *Config) []Token {
	var all []Token
	known := make(map[string]bool)
	for _, site := range config.Sites {
		for _, h := range site.Hosts {
			known[h] = true
		}
	}
	named := make(map[string]Pos)
	for _, r := range admin.mappings("tokens") {
		t := Token{
			Name: r.text("name"), Secrets: c.secrets(r), Actions: r.texts("actions"),
			Paths: r.texts("paths"), Tags: r.texts("tags"), Hosts: c.hostNames(r, "hosts"), Quota: c.quota(r),
		}
		if r.has("brake") {
			brake := buildBrake(r.mapping("brake"))
			t.Brake = &brake
		}
		if v := r.given("name"); v != nil {
			if before, twice := named[v.text]; twice {
				c.add(v.at, v.path, "%s is the name of two tokens, first in line %d; give each a name of its own", v.show(), before.Line)
			}
			named[v.text] = v.at
			if !tokenName.MatchString(v.text) {
				c.add(v.at, v.path, "%s is not a name; write up to 64 letters, digits, dots, hyphens and underscores, such as editor", v.show())
			}
		}
		c.checkScopes(r, known)
		all = append(all, t)
	}
	c.checkShared(admin)
	return all
}

var quotaForm = regexp.MustCompile(`^([1-9][0-9]{0,6})/([smh])$`)

// quota reads how often a token may be used.
func (c *checker) quota(r reader) Quota {
	v := r.given("quota")
	if v == nil {
		return Quota{}
	}
	parts := quotaForm.FindStringSubmatch(v.text)
	if parts == nil {
		c.add(v.at, v.path, "%s is no quota; write a number of calls from 1 to 9999999, a slash and s, m or h, such as 600/h", v.show())
		return Quota{}
	}
	calls, _ := strconv.Atoi(parts[1]) // it has at most seven digits
	return Quota{Calls: calls, Per: map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[parts[2]]}
}

// checkScopes checks what a token may name.
func (c *checker) checkScopes(r reader, hosts map[string]bool) {
	for _, v := range r.list("paths") {
		path := strings.TrimSuffix(v.text, "*")
		switch fault := pathFault(path); {
		case path == "":
			c.add(v.at, v.path, "%s is every path; leave the key out to allow all", v.show())
		case !strings.HasPrefix(path, "/"), strings.ContainsAny(path, "*{}"):
			c.add(v.at, v.path, "%s is not a path, nor the beginning of one with a \"*\" at its end; write one like /posts/*", v.show())
		case fault != "":
			c.refuse(v, fault)
		}
	}
	for _, v := range r.list("tags") {
		tag := strings.TrimSuffix(v.text, "*")
		if strings.Contains(tag, "*") {
			c.add(v.at, v.path, "%s has a \"*\" that is not at its end; write a tag, or the beginning of one and \"*\": post:*", v.show())
		} else if tag != "" && reprint.ValidTag(tag) != nil {
			c.refuse(v, tagFault(tag))
		}
	}
	for _, v := range r.list("hosts") {
		if hostFault(v.text) == "" && len(hosts) > 0 && !hosts[canonicalHost(v.text)] {
			c.add(v.at, v.path, "%s is not the name of a site; write one of those that are listed under hosts", v.show())
		}
	}
}

// checkShared reports a secret that two tokens have: which of them a call was
// made with could not be told.
func (c *checker) checkShared(admin reader) {
	owner := make(map[string]int)
	for i, r := range admin.mappings("tokens") {
		for _, v := range secretValues(r) {
			first, taken := owner[v.text]
			if taken && first != i {
				c.add(v.at, v.path, "the value is also that of admin.tokens[%d]; give each token a secret of its own", first)
			} else if taken {
				c.add(v.at, v.path, "the value is listed twice; leave it out here")
			}
			if !taken {
				owner[v.text] = i
			}
		}
	}
}

// secrets returns the secrets of a token or hook, and reports those that do not
// guard anything.
func (c *checker) secrets(r reader) []string {
	var all []string
	for _, v := range secretValues(r) {
		if fault := secret.Weakness(v.text); fault != "" {
			c.add(v.at, v.path, "the value %s; %s", fault, secret.HowToMakeOne)
		}
		all = append(all, v.text)
	}
	return all
}

// secretValues returns what stands under "secret" or "secrets".
func secretValues(r reader) []*value {
	if v := r.given("secret"); v != nil {
		return []*value{v}
	}
	return r.list("secrets")
}
