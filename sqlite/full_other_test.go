//go:build !linux

package sqlite_test

// platformRoles are the roles of a child process that this system has alone.
var platformRoles = map[string]func(path string) error{}
