package origin

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authority is a scheme and host, with its port always written, lower case.
type authority struct{ scheme, host string }

func newAuthority(scheme, host string) authority {
	u := url.URL{Host: host}
	scheme = strings.ToLower(scheme)
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return authority{scheme, net.JoinHostPort(strings.ToLower(u.Hostname()), port)}
}

// ownNames returns how an origin may name itself: by where it listens, and by the
// Host that it is asked for.
func ownNames(u *url.URL, host string) []authority {
	names := []authority{newAuthority(u.Scheme, u.Host)}
	if host != "" {
		names = append(names, newAuthority(u.Scheme, host))
	}
	return names
}

// relocate makes locations that name the origin itself relative, so that they lead
// to the site.
func (h *Handler) relocate(answer http.Header, proto, host string) {
	site := newAuthority(proto, host)
	for _, name := range [...]string{"Location", "Content-Location"} {
		for i, value := range answer[name] {
			answer[name][i] = h.relative(value, site)
		}
	}
}

func (h *Handler) relative(location string, site authority) string {
	u, err := url.Parse(location)
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil {
		return location
	}
	at := newAuthority(u.Scheme, u.Host)
	if at == site || !slices.Contains(h.names, at) {
		return location
	}
	return afterHost(location)
}

// afterHost returns what stands behind the host of a URL, as a reference that
// cannot be taken for another host.
func afterHost(location string) string {
	_, rest, _ := strings.Cut(location, "//")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[i:]
	} else {
		rest = ""
	}
	switch {
	case !strings.HasPrefix(rest, "/"):
		return "/" + rest
	case len(rest) > 1 && (rest[1] == '/' || rest[1] == '\\'):
		return "/." + rest // "//host" would be one, and "/\host" is to browsers
	}
	return rest
}
