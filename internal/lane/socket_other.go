//go:build !linux

package lane

import "net"

// newSocket returns the socket of a connection.
func newSocket(c net.Conn) socket { return &plainSocket{Conn: c} }
