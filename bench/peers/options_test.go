package main

import (
	"io"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	o, err := parseOptions([]string{"-smoke", "-require", "nginx,varnish", "-variant", `small=store:\n  memory: 1MiB`}, io.Discard)
	if err != nil || o.rounds != 1 || o.duration != time.Second || len(o.require) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	if v := o.variants[len(o.variants)-1]; v.name != "reprint, small" || v.lines != "store:\n  memory: 1MiB" {
		t.Errorf("%+v", v)
	}
	for _, wrong := range [][]string{
		{"-require", "apache"}, {"-peers", "nginx,"}, {"-curves", "colour"}, {"-rounds", "0"}, {"-duration", "10ms"},
		{"-size", "1"}, {"-peers", "map", "-require", "nginx"}, {"-regenerate", "-curves", "size"}, {"-variant", "fastLane"}, {"-points", "1,2"}, {"more"},
	} {
		if _, err := parseOptions(wrong, io.Discard); err == nil {
			t.Errorf("%q are taken", wrong)
		}
	}
}
