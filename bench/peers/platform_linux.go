package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// supported is nil where peers can be measured.
func supported() error { return nil }

// memoryFiles is where a file system in memory is.
func memoryFiles() (string, error) {
	const at = "/dev/shm"
	var stat unix.Statfs_t
	if err := unix.Statfs(at, &stat); err != nil {
		return "", fmt.Errorf("find a file system in memory: %s: %w", at, err)
	}
	if stat.Type != unix.TMPFS_MAGIC {
		return "", fmt.Errorf("%s is no file system in memory: mount a tmpfs there", at)
	}
	return at, nil
}

// ownGroup makes cmd the leader of a process group, so that its children end
// with it, and ends it when this process dies in whatever way.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends what is left of the process group that pid leads.
func killGroup(pid int) error {
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end process group %d: %w", pid, err)
	}
	return nil
}

// pinSelf keeps this process, which is the origin too, on one core. Go as it sees
// one core spends less on it than Go that believes in more.
func pinSelf(cpu int) error {
	runtime.GOMAXPROCS(1)
	var set unix.CPUSet
	set.Set(cpu)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads { // those to come inherit it
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("keep this process on core %d: %w", cpu, err)
		}
	}
	return nil
}

// openFiles lets this process and its children have n files open, or as many as
// it may, and returns how many that are.
func openFiles(n uint64) (uint64, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	// Set in any case: Go gives children the soft limit that it was started with,
	// unless somebody has set it since.
	want := syscall.Rlimit{Cur: max(n, limit.Cur), Max: max(n, limit.Max)}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want) == nil {
		return want.Cur, nil
	}
	want = syscall.Rlimit{Cur: limit.Max, Max: limit.Max}
	return want.Cur, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want)
}
