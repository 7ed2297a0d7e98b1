package sqlite_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"testing"
)

// childRole names what a process that this test binary starts does instead of
// running tests.
const childRole = "REPRINT_SQLITE_CHILD"

func TestMain(m *testing.M) {
	roles := map[string]func(path string) error{
		"hold":  holdStore,
		"crash": writeUntilKilled,
	}
	maps.Copy(roles, platformRoles)
	role, isChild := os.LookupEnv(childRole)
	if !isChild {
		os.Exit(m.Run())
	}
	if err := roles[role](os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child returns a command that runs a role of this binary.
func child(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, path)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}
