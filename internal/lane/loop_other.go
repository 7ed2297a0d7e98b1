//go:build !linux

package lane

import "net"

// newLoopListener returns nil: there are no loops here.
func newLoopListener(net.Listener, *Lane) net.Listener { return nil }
