package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// onTerminal runs a command at a pseudo terminal of a width, writes what appears
// there to standard output, and exits as the command does.
func onTerminal() {
	width, err := strconv.ParseUint(os.Args[1], 10, 16)
	if err != nil {
		fatal(err)
	}
	screen, keyboard, err := openTerminal(uint16(width))
	if err != nil {
		fatal(err)
	}
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Env = append(os.Environ(), "TERM=xterm")
	c.Stdin, c.Stdout, c.Stderr = keyboard, keyboard, keyboard
	if err := c.Start(); err != nil {
		fatal(err)
	}
	if err := keyboard.Close(); err != nil {
		fatal(err)
	}
	var seen strings.Builder
	// It ends with an error, EIO, when the last process has left the terminal.
	_, _ = io.Copy(&seen, screen)
	// The status is the answer, whatever it is.
	_ = c.Wait()
	fmt.Print(strings.ReplaceAll(seen.String(), "\r\n", "\n"))
	os.Exit(c.ProcessState.ExitCode())
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// openTerminal returns the two ends of a new pseudo terminal. Width 0 is one that
// does not know its size.
func openTerminal(width uint16) (screen, keyboard *os.File, err error) {
	screen, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, fmt.Errorf("unlock the terminal: %w", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, fmt.Errorf("number of the terminal: %w", err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: min(24, width), Col: width}); err != nil {
		return nil, nil, fmt.Errorf("size of the terminal: %w", err)
	}
	keyboard, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	return screen, keyboard, err
}
