package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

//go:embed wrk.lua
var wrkScript []byte

// load is what wrk has counted. Times are in microseconds.
type load struct {
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"` // heads and bodies, also of answers that were not whole at the end
	Micros   int64 `json:"micros"`
	P50      int64 `json:"p50"`
	P99      int64 `json:"p99"`
	Connect  int64 `json:"connect"`
	Read     int64 `json:"read"`
	Write    int64 `json:"write"`
	Status   int64 `json:"status"` // answers from 400 on; others that are not 200 show in the bytes
	Timeout  int64 `json:"timeout"`
}

// wrk puts load on a server for so long. fresh is the last number of a page
// that was asked for as never seen before.
func (l *lab) wrk(ctx context.Context, addr string, j job, fresh int, d time.Duration) (load, error) {
	// A limit besides -d: wrk waits for ever for a server that takes no connection.
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()
	cmd := l.command(ctx, l.opts.loadCPU, "wrk", "-t1", "-c"+strconv.Itoa(j.Connections),
		"-d"+strconv.Itoa(int(d.Round(time.Second)/time.Second))+"s", "--timeout", "20s", "--latency", "-s", l.script,
		"http://"+addr, "--", strconv.Itoa(j.Hot), j.encoding(), strconv.Itoa(j.MissEvery), strconv.Itoa(fresh))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return load{}, errors.Join(ctx.Err(), fmt.Errorf("run %s: %w\n%s", cmd, err, out))
	}
	return parseWrk(out)
}

// parseWrk reads the line that wrk.lua prints, and takes no load for an answer
// in which anything went wrong.
func parseWrk(out []byte) (load, error) {
	_, line, found := bytes.Cut(out, []byte("\nfigures "))
	line, _, ended := bytes.Cut(line, []byte("\n"))
	if !found || !ended {
		return load{}, fmt.Errorf("wrk printed no figures; it said:\n%s", out)
	}
	var s load
	if err := json.Unmarshal(line, &s); err != nil {
		return load{}, fmt.Errorf("read the figures of wrk: %w: %s", err, line)
	}
	if s.Requests == 0 || s.Micros == 0 {
		return load{}, fmt.Errorf("wrk got no answer at all; it said:\n%s", out)
	}
	if s.Status != 0 {
		return load{}, fmt.Errorf("%d of %d answers had a status from 400 on", s.Status, s.Requests)
	}
	if n := s.Connect + s.Read + s.Write + s.Timeout; n != 0 {
		return load{}, fmt.Errorf("wrk had %d connection errors (connect %d, read %d, write %d, timeout %d)", n, s.Connect, s.Read, s.Write, s.Timeout)
	}
	return s, nil
}

// weigh says whether the bytes that wrk counted can be those of the answers: of
// the mean size of the whole set before or after, but for one turn that was not
// whole, for answers that were under way at the end, and for heads that grow or
// shrink by up to slack bytes, as with Age.
func (s load) weigh(before, after answers, j job, slack int) error {
	largest, smallest := int64(max(before.Max, after.Max)+slack), int64(min(before.Min, after.Min)-slack)
	turn := int64(j.Hot) * (largest - smallest)
	low := int64(float64(s.Requests)*(min(before.mean(), after.mean())-float64(slack))) - turn
	high := int64(float64(s.Requests)*(max(before.mean(), after.mean())+float64(slack))) + turn + int64(j.Connections)*largest
	if s.Bytes < low || s.Bytes > high {
		return fmt.Errorf("wrk read %d bytes in %d answers, which should have been from %d to %d: some answers were others than before and after",
			s.Bytes, s.Requests, low, high)
	}
	return nil
}

func wrkVersion(ctx context.Context) string {
	out, _ := exec.CommandContext(ctx, "wrk", "-v").CombinedOutput() // its status is 1 although it works
	version, _, _ := strings.Cut(firstLine(out), " [")
	return version
}
