package main

import (
	"net"
	"net/http"
	"strings"
)

// maxForm is the largest form that the editor reads.
const maxForm = 1 << 20

// guard keeps other people's web pages away from the editor, which has no login.
// There are two ways in: a page elsewhere that sends a form here (the browser
// says so, and it is refused), and a name elsewhere that resolves to this machine
// (DNS rebinding: then the two look like one site to the browser, and the Host
// gives it away).
func (n *newsroom) guard(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if !n.knowsHost(r) {
			http.Error(w, "The editor does not answer for this name. Use the address that was printed at the start.", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// knowsHost reports whether the request names this machine as itself, the
// address that -listen names, or the very address at which it arrived. No name
// that somebody else can point here is among them.
func (n *newsroom) knowsHost(r *http.Request) bool {
	host := hostname(r.Host)
	if isLoopback(host) || host == hostname(n.cfg.listen) && host != "" {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.Equal(net.ParseIP(host))
}

// hostname is a host without its port and the brackets of IPv6.
func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return strings.ToLower(host)
	}
	return strings.ToLower(strings.Trim(hostport, "[]"))
}
