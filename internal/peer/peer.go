// Package peer says in one way where a call came from.
package peer

import (
	"net"
	"net/http"
)

// From is where r came from: its peer with its port, or client, when a proxy that is
// trusted says that it asks for somebody else.
func From(r *http.Request, client string) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil && host == client {
		return r.RemoteAddr
	}
	return client
}
