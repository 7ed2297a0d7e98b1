package main

import "testing"

// TestReachable: a listener of all addresses is called at one of them.
func TestReachable(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8081":   "127.0.0.1:8081",
		":8081":            "127.0.0.1:8081",
		"0.0.0.0:8081":     "127.0.0.1:8081",
		"[::]:8081":        "[::1]:8081",
		"10.1.2.3:8081":    "10.1.2.3:8081",
		"[fe80::1%1]:8081": "[fe80::1%1]:8081",
		"admin.local:8081": "admin.local:8081",
	} {
		if got := reachable(listen); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
}

func TestSentence(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"try again when it is over": "Try again when it is over.",
		"did you mean stale?":       "Did you mean stale?",
		"use /v1/pages":             "Use /v1/pages.",
		"Already one.":              "Already one.",
		"tRAIL":                     "tRAIL.",
	} {
		if got := sentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
