package main

import "testing"

func TestVersion(t *testing.T) {
	b := build{Version: "v0.3.0", Go: "go1.26.8", OS: "linux", Arch: "arm64"}
	if got, want := b.String(), "reprint v0.3.0 go1.26.8 linux/arm64"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	b.Commit, b.Modified = "0123456789abcdef0123456789abcdef01234567", true
	if got, want := b.String(), "reprint v0.3.0 (0123456789ab, changed since) go1.26.8 linux/arm64"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
