package lane

import "net"

// socket is how the lane reads requests from a connection and writes answers to it.
// The deadlines of the connection count for both.
type socket interface {
	// Read is that of the connection.
	Read(p []byte) (int, error)
	// Send writes head and then body.
	Send(head, body []byte) error
}

// plainSocket is a socket on any connection.
type plainSocket struct {
	net.Conn
	pair [2][]byte // what vec is made of
	vec  net.Buffers
}

func (s *plainSocket) Send(head, body []byte) error {
	switch s.Conn.(type) {
	case *net.TCPConn, *net.UnixConn:
		if len(body) == 0 {
			break
		}
		s.pair = [2][]byte{head, body}
		s.vec = s.pair[:]
		_, err := s.vec.WriteTo(s.Conn)
		s.pair = [2][]byte{}
		return err
	}
	// What embeds one of them would be passed by: net.Buffers finds the method of the
	// embedded one.
	for _, b := range [...][]byte{head, body} {
		if len(b) > 0 {
			if _, err := s.Write(b); err != nil {
				return err
			}
		}
	}
	return nil
}
