package lane

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// newSocket returns the socket of a connection.
func newSocket(c net.Conn) socket {
	// Only these: what embeds one of them has its own idea of reading and writing.
	var sc syscall.Conn
	switch c := c.(type) {
	case *net.TCPConn:
		sc = c
	case *net.UnixConn:
		sc = c
	default:
		return &plainSocket{Conn: c}
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return &plainSocket{Conn: c}
	}
	s := &rawSocket{conn: c, raw: raw}
	s.tryRead, s.tryWrite = s.readOnce, s.writeSome
	return s
}

// rawSocket makes the system calls itself, without telling Go's scheduler of them.
// They do not block, for the descriptor does not; but a call that takes longer than
// 20 µs, as one does that copies a page into the kernel, has the scheduler take the
// processor away from the thread: that costs a tenth of a hit, and a wait until there
// is a processor again. What comes before and after them, waiting included, is still
// the connection's.
type rawSocket struct {
	conn              net.Conn
	raw               syscall.RawConn
	tryRead, tryWrite func(fd uintptr) bool

	in  []byte // where readOnce puts what it reads
	n   int    // how much that was
	err error  // what the last call said

	out [2][]byte // what writeSome has to write
}

func (s *rawSocket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.in = p
	err := s.raw.Read(s.tryRead)
	s.in = nil
	switch {
	case err != nil:
		return 0, s.failed("read", err)
	case s.err != nil:
		return 0, s.failed("read", os.NewSyscallError("read", s.err))
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

func (s *rawSocket) Send(head, body []byte) error {
	s.out = [2][]byte{head, body}
	err := s.raw.Write(s.tryWrite)
	s.out = [2][]byte{}
	switch {
	case err != nil:
		return s.failed("write", err)
	case s.err != nil:
		return s.failed("write", os.NewSyscallError("writev", s.err))
	}
	return nil
}

// failed returns an error in the form that package net gives it.
func (s *rawSocket) failed(op string, err error) error {
	if e := (*net.OpError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return &net.OpError{
		Op: op, Net: s.conn.LocalAddr().Network(), Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(), Err: err,
	}
}

// readOnce reads what has come and reports whether anything had.
func (s *rawSocket) readOnce(fd uintptr) bool {
	n, errno := rawRead(fd, s.in)
	if errno == syscall.EAGAIN {
		return false
	}
	s.n, s.err = n, errorOf(errno)
	return true
}

// writeSome writes what there is room for and reports whether that is the end of it.
func (s *rawSocket) writeSome(fd uintptr) bool {
	errno := rawWrite(fd, &s.out)
	if errno == syscall.EAGAIN {
		return false
	}
	s.err = errorOf(errno)
	return true
}

// errorOf is nil for 0.
func errorOf(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// rawRead reads from a descriptor that does not block.
func rawRead(fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		// recvfrom knows that it is a socket, and takes less than read.
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(p))), //nolint:gosec // as package unsafe says, rule 4
			uintptr(len(p)), 0, 0, 0)
		switch errno {
		case 0:
			return int(n), 0
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}

// rawWrite writes to a descriptor that does not block, one after the other, and takes
// away what it has written. The error is EAGAIN when there is no room for all.
func rawWrite(fd uintptr, out *[2][]byte) syscall.Errno {
	for {
		var vec [len(out)]syscall.Iovec
		count := 0
		for _, b := range out {
			if len(b) > 0 {
				vec[count].Base = unsafe.SliceData(b) //nolint:gosec // a pointer and its length
				vec[count].SetLen(len(b))
				count++
			}
		}
		if count == 0 {
			return 0
		}
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITEV, fd,
			uintptr(unsafe.Pointer(&vec)), //nolint:gosec // as package unsafe says, rule 4
			uintptr(count))
		switch errno {
		case 0:
			for i, b := range out {
				m := min(int(n), len(b))
				out[i], n = b[m:], n-uintptr(m)
			}
		case syscall.EINTR:
		default:
			return errno
		}
	}
}
