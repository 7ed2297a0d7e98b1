package lane

import (
	"encoding/binary"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// poll is an epoll within Go's own: a goroutine that waits for it is parked like any
// other, and each time that it is, the others have their turn, those included that
// wait for the network.
type poll struct {
	file   *os.File
	raw    syscall.RawConn
	fd     int // file's
	wake   int // an eventfd, to be told that there is more
	spare  int // one more descriptor, for when there are no others; -1: it is given
	events []syscall.EpollEvent
	work   func([]syscall.EpollEvent)
	turn   func(uintptr) bool // made once
}

const (
	edge     = 1 << 31 // EPOLLET: what comes is told of once
	wakeSlot = -1
)

var one = binary.NativeEndian.AppendUint64(nil, 1)

// newPoll returns a poll that calls work with the events that it waited for. An
// event's Fd is the slot that was given to add.
func newPoll(work func([]syscall.EpollEvent)) (*poll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	// Only what does not block is waited for by Go's poller.
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &poll{file: os.NewFile(uintptr(fd), "epoll"), fd: fd, wake: -1, spare: -1, work: work, events: make([]syscall.EpollEvent, eventsAtOnce)}
	p.turn = p.once
	if p.raw, err = p.file.SyscallConn(); err == nil {
		if err = p.file.SetReadDeadline(time.Time{}); err == nil {
			err = p.newWake()
		}
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *poll) newWake() error {
	fd, _, errno := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return os.NewSyscallError("eventfd2", errno)
	}
	p.wake = int(fd)
	p.keepSpare()
	return p.add(p.wake, wakeSlot)
}

// close gives the descriptors back.
func (p *poll) close() {
	_ = p.file.Close()
	if p.wake >= 0 {
		_ = syscall.Close(p.wake)
	}
	p.giveSpare()
}

// giveSpare gives a descriptor to who needs one, or reports false.
func (p *poll) giveSpare() bool {
	if p.spare < 0 {
		return false
	}
	_ = syscall.Close(p.spare)
	p.spare = -1
	return true
}

// keepSpare sees to it that there is one to give.
func (p *poll) keepSpare() {
	if p.spare >= 0 {
		return
	}
	if fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(p.wake), syscall.F_DUPFD_CLOEXEC, 0); errno == 0 {
		p.spare = int(fd)
	}
}

// add has a descriptor waited for.
func (p *poll) add(fd int, slot int32) error {
	return syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLPRI | syscall.EPOLLRDHUP | edge, Fd: slot})
}

// remove has a descriptor not waited for any more.
func (p *poll) remove(fd int) { _ = syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_DEL, fd, nil) }

// until sets when wait is to end with os.ErrDeadlineExceeded; zero: never.
func (p *poll) until(t time.Time) { _ = p.file.SetReadDeadline(t) }

// wait works until the time has come.
func (p *poll) wait() error { return p.raw.Read(p.turn) }

// once works on what has come, and has its goroutine parked.
func (p *poll) once(epoll uintptr) bool {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, epoll,
		uintptr(unsafe.Pointer(unsafe.SliceData(p.events))), //nolint:gosec // as package unsafe says, rule 4
		uintptr(len(p.events)), 0, 0, 0)
	if errno != 0 {
		return false
	}
	events := p.events[:n]
	if full := len(events) == len(p.events); full {
		// What is left was told of, and would not be again. It is never read: the number
		// in it has room for as many batches as there will ever be.
		_, _ = syscall.Write(p.wake, one)
	}
	for i := range events {
		if events[i].Fd == wakeSlot {
			events[i] = events[len(events)-1]
			events = events[:len(events)-1]
			break
		}
	}
	p.work(events)
	return false
}
