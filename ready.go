package reprint

import (
	"math"
	"net/http"
)

// ready is how an entry is served under the routes of a moment: what a hit would
// else find out each time.
type ready struct {
	routing uint64 // Site.routing, when this was found out
	route   *route // nil: none
	head    bool   // a HEAD has the same route as a GET
	fast    bool   // the fast lane may answer; see laneMay
	until   int64  // the page is stale by time from then on, see fromMicros; MaxInt64: never
}

// readied returns how an entry is served now.
func (s *Site) readied(e *entry) *ready {
	routing := s.routing.Load()
	if rd := e.ready.Load(); rd != nil && rd.routing == routing {
		return rd
	}
	// What is found out below is at least as new as the number read above.
	key := e.key()
	rd := &ready{routing: routing, until: math.MaxInt64}
	r := &http.Request{Method: http.MethodGet, Host: key.Host, URL: keyURL(key)}
	if rd.route = s.match(r); rd.route != nil {
		r.Method = http.MethodHead
		rd.head = s.match(r) == rd.route
		rd.fast = laneMay(rd.route, key)
		if until := freshUntil(&e.life, &rd.route.policy); !until.IsZero() {
			rd.until = until.UnixMicro()
		}
	}
	e.ready.Store(rd)
	return rd
}

// laneMay reports whether a request whose host and target are those of key is one for
// that page, whatever its header says.
func laneMay(rt *route, key Key) bool {
	query, err := keptQuery(key.Query, &rt.policy)
	return !rt.policy.Bypass && len(rt.variant.headers) == 0 && key.Variant == "" && err == nil && query == key.Query
}
