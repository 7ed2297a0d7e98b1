//go:build !linux

package main

import (
	"errors"
	"os/exec"
)

// errLinux says why nothing is measured here.
var errLinux = errors.New("peers are measured on Linux only: it needs taskset, /proc and process groups. Run it in a virtual machine or container with two cores")

func supported() error                 { return errLinux }
func memoryFiles() (string, error)     { return "", errLinux }
func ownGroup(*exec.Cmd)               {}
func killGroup(int) error              { return errLinux }
func pinSelf(int) error                { return errLinux }
func openFiles(uint64) (uint64, error) { return 0, errLinux }
