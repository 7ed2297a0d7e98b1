package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of times in /proc/PID/stat, 100 a second on every Linux.
const tick = 10 * time.Millisecond

// stat is what /proc/PID/stat says of a process.
type stat struct {
	group int
	cpu   time.Duration // in the program and in the kernel on its behalf
	rss   int64         // bytes
}

// parseStat reads a line of /proc/PID/stat. The name of the program stands in
// parentheses and may hold any character, so fields count from the last one.
func parseStat(line []byte) (stat, error) {
	end := bytes.LastIndexByte(line, ')')
	fields := bytes.Fields(line[end+1:])
	if end < 0 || len(fields) < 22 {
		return stat{}, fmt.Errorf("/proc/PID/stat is not as expected: %.80q", line)
	}
	var numbers [4]int64
	for k, field := range []int{5, 14, 15, 24} { // proc_pid_stat(5): pgrp, utime, stime, rss
		n, err := strconv.ParseInt(string(fields[field-3]), 10, 64)
		if err != nil {
			return stat{}, fmt.Errorf("field %d of /proc/PID/stat: %w", field, err)
		}
		numbers[k] = n
	}
	return stat{
		group: int(numbers[0]),
		cpu:   time.Duration(numbers[1]+numbers[2]) * tick,
		rss:   numbers[3] * int64(os.Getpagesize()),
	}, nil
}

// groupStat adds up the processes of a group.
func groupStat(group int) (stat, error) {
	all, err := os.ReadDir("/proc")
	if err != nil {
		return stat{}, err
	}
	sum := stat{group: group}
	found := false
	for _, entry := range all {
		if c := entry.Name()[0]; c < '0' || c > '9' {
			continue
		}
		line, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		s, err := parseStat(line)
		if err != nil {
			return stat{}, err
		}
		if s.group == group {
			found = true
			sum.cpu += s.cpu
			sum.rss += s.rss
		}
	}
	if !found {
		return stat{}, fmt.Errorf("process group %d has no process", group)
	}
	return sum, nil
}
