package origin

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwarded is where a request came from, as the origin is told.
type forwarded struct {
	chain string // of addresses, the client's first; empty: not known
	host  string // that the client asked for
	proto string // that the client spoke
}

// forwardedOf tells where r came from: its own peer, and what a trusted peer says.
func (h *Handler) forwardedOf(r *http.Request) forwarded {
	f := forwarded{host: r.Host, proto: h.proto()}
	if h.opts.Proto == "" && r.TLS != nil {
		f.proto = "https"
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	addr := peer.Addr().Unmap().WithZone("")
	if err != nil || addr.IsUnspecified() {
		return f // a Unix socket, or a request that no client made
	}
	f.chain = addr.String()
	if !h.from.trusts(addr) {
		return f
	}
	if before := strings.Join(r.Header["X-Forwarded-For"], ", "); before != "" {
		f.chain = before + ", " + f.chain
	}
	if host := r.Header.Get("X-Forwarded-Host"); host != "" {
		f.host = strings.TrimSpace(host)
	}
	if proto := strings.ToLower(strings.TrimSpace(r.Header.Get("X-Forwarded-Proto"))); proto == "http" || proto == "https" {
		f.proto = proto
	}
	return f
}

// foreign reports whether the host is one that is not the site's.
func (h *Handler) foreign(f forwarded, r *http.Request) bool {
	if f.host == r.Host {
		return false // whose requests the site answers is not decided here
	}
	return !validHost(f.host) || len(h.sites) > 0 && !slices.Contains(h.sites, hostName(f.host))
}

// set puts it into a header to the origin.
func (f forwarded) set(h http.Header) {
	h.Set("X-Forwarded-Host", f.host)
	h.Set("X-Forwarded-Proto", f.proto)
	if f.chain != "" {
		h.Set("X-Forwarded-For", f.chain)
	}
}
