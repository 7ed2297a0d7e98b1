package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing is %v", got)
	}
}

func TestPercentile(t *testing.T) {
	var values []float64
	for v := 100; v > 0; v-- {
		values = append(values, float64(v))
	}
	for p, want := range map[float64]float64{0: 1, 50: 50, 99: 99, 100: 100} {
		if got := percentile(values, p); got != want {
			t.Errorf("percentile %v is %v, want %v", p, got, want)
		}
	}
}

func TestRatiosAreOfOneRound(t *testing.T) {
	all := []figures{
		{Peer: "reprint", ID: "reprint", Round: 0, Hits: 50}, {Peer: "nginx", ID: "nginx", Round: 0, Hits: 100},
		{Peer: "reprint", ID: "reprint", Round: 1, Hits: 90}, {Peer: "nginx", ID: "nginx", Round: 1, Hits: 90},
		{Peer: "reprint", ID: "reprint", Round: 2, Hits: 20}, // its nginx has failed
	}
	table := rows(all, []string{"reprint", "absent"})
	if len(table) != 1 || table[0].hits != 50 || table[0].hitsTo != 0.75 {
		t.Errorf("%+v", table)
	}
}

func TestGoalsAreThoseWithFigures(t *testing.T) {
	all := []figures{
		{Peer: "reprint", ID: "reprint", Hits: 90, CPU: 9, P99: 2}, {Peer: "nginx, files", ID: "nginx", Hits: 100, CPU: 10, P99: 2},
	}
	got := map[string]bool{}
	for _, g := range goals(all) {
		got[g.text] = g.met()
	}
	want := map[string]bool{"CPU per hit, of nginx, identity": true, "hits/s, of nginx, identity": false, "p99, of nginx, identity": true}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for name, met := range want {
		if got[name] != met {
			t.Errorf("%s: met is %v", name, got[name])
		}
	}
}

func TestStatOfAProcessWithAnyName(t *testing.T) {
	line := "4242 (a) b (c) S 1 4200 4200 0 -1 4194560 500 0 0 0 123 77 5 5 20 0 9 0 300 1000000 2500 18446744073709551615 1 1"
	s, err := parseStat([]byte(line))
	if err != nil || s.group != 4200 || s.cpu != 2*time.Second || s.rss == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := parseStat([]byte("4242 nothing")); err == nil {
		t.Error("nonsense is taken")
	}
}

func TestFiguresAsText(t *testing.T) {
	for got, want := range map[string]string{
		thousands(1234567): "1,234,567", thousands(999): "999", thousands(math.NaN()): "–",
		count(1e6): "1M", count(10000): "10k", count(64): "64",
		bytesText(17 << 10): "17 KiB", bytesText(1 << 20): "1 MiB", bytesText(841): "841 B", bytesText(17.25 * 1024): "17.2 KiB",
		decimals(0.856, 2): "0.86", decimals(math.NaN(), 2): "–",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestATableLinesUp(t *testing.T) {
	var b bytes.Buffer
	table(&b, []string{"", "µs", "hits/s"}, [][]string{{"reprint", "8.10", "78,000"}, {"é", "10.00", "–"}})
	want := "            µs  hits/s\nreprint   8.10  78,000\né        10.00       –\n"
	if b.String() != want {
		t.Errorf("\n%s\nwant\n%s", b.String(), want)
	}
	if strings.Contains(b.String(), "\t") {
		t.Error("a tab in it")
	}
}
