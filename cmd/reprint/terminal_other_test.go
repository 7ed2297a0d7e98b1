//go:build !linux

package main

import (
	"fmt"
	"os"
)

// onTerminal needs the pseudo terminals of Linux; scripts that use it begin with
// [!linux] skip.
func onTerminal() {
	fmt.Fprintln(os.Stderr, "onterminal is for Linux")
	os.Exit(1)
}
