package main

import (
	"strings"
	"testing"
)

const wrkSaid = `Running 1s test @ http://127.0.0.1:8080
  1 threads and 64 connections
  Latency Distribution
     50%  612.00us
Requests/sec:  39955.12

figures {"requests":40000,"bytes":703800000,"micros":1001123,"p50":612,"p99":8570,"connect":0,"read":0,"write":0,"status":0,"timeout":0}
`

func TestTheFiguresOfWrkAreRead(t *testing.T) {
	got, err := parseWrk([]byte(wrkSaid))
	want := load{Requests: 40000, Bytes: 703800000, Micros: 1001123, P50: 612, P99: 8570}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestALoadInWhichAnythingFailedIsNone(t *testing.T) {
	for name, change := range map[string][2]string{
		"no figures":        {"\nfigures ", "\n"},
		"cut short":         {`"timeout":0}`, ``},
		"no answer":         {`"requests":40000`, `"requests":0`},
		"a status":          {`"status":0`, `"status":1`},
		"a connection":      {`"connect":0`, `"connect":1`},
		"a read":            {`"read":0`, `"read":1`},
		"a write":           {`"write":0`, `"write":1`},
		"a timeout":         {`"timeout":0`, `"timeout":1`},
		"figures as no one": {`"bytes":703800000`, `"bytes":nan`},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseWrk([]byte(strings.Replace(wrkSaid, change[0], change[1], 1))); err == nil {
				t.Errorf("taken as %+v", got)
			}
		})
	}
}

func TestBytesMustBeThoseOfTheAnswers(t *testing.T) {
	j := job{Hot: 1000, Connections: 64}
	same := answers{Count: 2000, Total: 2000 * 17600, Min: 17600, Max: 17600}
	for name, c := range map[string]struct {
		requests, bytes int64
		fine            bool
	}{
		"exactly":                          {40000, 40000 * 17600, true},
		"with answers under way":           {40000, 40064 * 17600, true},
		"with a digit more in the heads":   {40000, 40000 * 17601, true},
		"with too many bytes":              {40000, 40200 * 17600, false},
		"with one of a hundred empty":      {40000, 39600 * 17600, false},
		"with short errors in their place": {40000, 40000 * 300, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := load{Requests: c.requests, Bytes: c.bytes}.weigh(same, same, j, 16)
			if (err == nil) != c.fine {
				t.Errorf("%v", err)
			}
		})
	}
}
