package coding_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/reprint-go/reprint/internal/coding"
)

var (
	codings   = []coding.Coding{gzip, br, zstd}
	strengths = []coding.Strength{coding.Quick, coding.Strong}
)

func mustEncode(t testing.TB, c coding.Coding, s coding.Strength, src []byte) []byte {
	t.Helper()
	out, err := coding.Encode(c, s, src)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// noise is what no encoder makes smaller.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

// each runs a test for every coding and strength.
func each(t *testing.T, test func(t *testing.T, c coding.Coding, s coding.Strength)) {
	t.Helper()
	for _, c := range codings {
		for _, s := range strengths {
			t.Run(fmt.Sprintf("%s/%d", c, s), func(t *testing.T) { test(t, c, s) })
		}
	}
}

// The sizes are where blocks, windows and shelves end.
func TestRoundTrip(t *testing.T) {
	small := []int{0, 1, 2, 10, 255, 256, 257, 1000, 1024, 1025, 17_000, 65_519, 65_520, 65_521, 65_536, 65_792}
	large := []int{128<<10 + 1, 256<<10 - 15, 256<<10 + 1, 1 << 20}
	each(t, func(t *testing.T, c coding.Coding, s coding.Strength) {
		t.Parallel()
		sizes := slices.Concat(small, large)
		if c == br && s == coding.Strong {
			// Seconds for each of the others, and more with the race detector.
			sizes = []int{0, 1, 2, 255, 256, 257, 1025, 5000, 65_521, 1<<20 + 1}
		}
		for _, n := range sizes {
			roundTrip(t, c, s, "a page", page(n))
			if n < 20_000 || n > 500_000 && s == coding.Quick {
				roundTrip(t, c, s, "noise", noise(n))
				roundTrip(t, c, s, "zeros", make([]byte, n))
			}
		}
	})
}

func roundTrip(t *testing.T, c coding.Coding, s coding.Strength, kind string, src []byte) {
	t.Helper()
	out, n := mustEncode(t, c, s, src), len(src)
	if cap(out) != len(out) {
		t.Errorf("%d bytes of %s: %d bytes of room for %d", n, kind, cap(out), len(out))
	}
	if len(out) > n+n/1000+40 {
		t.Errorf("%d bytes of %s become %d", n, kind, len(out))
	}
	back, err := coding.Decode(c, out, int64(n))
	if err != nil || !bytes.Equal(back, src) {
		t.Errorf("%d bytes of %s do not come back: %v", n, kind, err)
	}
}

func TestIdentityIsTheSameBytes(t *testing.T) {
	src := make([]byte, 5, 10)
	out := mustEncode(t, identity, coding.Strong, src)
	if &out[0] != &src[0] || len(out) != 5 || cap(out) != 5 {
		t.Errorf("%d bytes with room for %d, or a copy", len(out), cap(out))
	}
}

// What encoders did before, on this goroutine or another, does not show.
func TestTheSameEveryTime(t *testing.T) {
	each(t, func(t *testing.T, c coding.Coding, s coding.Strength) {
		sizes := []int{300, 17_000, 70_000, 2000}
		if c == br && s == coding.Strong {
			sizes = []int{300, 5000, 2000}
		}
		want := make(map[int][]byte)
		for _, n := range sizes {
			want[n] = mustEncode(t, c, s, page(n))
			mustEncode(t, c, s, noise(5000))
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := range sizes {
					n := sizes[(i+j)%len(sizes)]
					out, err := coding.Encode(c, s, page(n))
					if err != nil || !bytes.Equal(out, want[n]) {
						t.Errorf("%d bytes become others than before: %v", n, err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestStrongIsSmaller(t *testing.T) {
	for _, c := range codings {
		for _, n := range []int{17_000, 50_000} {
			quick := len(mustEncode(t, c, coding.Quick, page(n)))
			strong := len(mustEncode(t, c, coding.Strong, page(n)))
			if strong >= quick || quick > n/2 {
				t.Errorf("%s: %d bytes become %d, and %d in the background", c, n, quick, strong)
			}
		}
	}
}

// A peer that is not ours reads it, and finds no time and no name.
func TestTheStandardLibraryReadsGzip(t *testing.T) {
	for _, s := range strengths {
		out := mustEncode(t, gzip, s, page(17_000))
		r, err := stdgzip.NewReader(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if !r.ModTime.IsZero() || r.Name != "" || r.Comment != "" || r.Extra != nil {
			t.Errorf("the header has more than it needs: %+v", r.Header)
		}
		back, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(back, page(17_000)) {
			t.Errorf("the standard library reads something else: %v", err)
		}
	}
}

// RFC 9659 lets a browser refuse windows above 8 MB. A frame says in its header
// what its window is (RFC 8878, section 3.1.1.1).
func TestZstdWindows(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 1000, 17_000, 256<<10 + 1, 8 << 20, 8<<20 + 1} {
		for _, s := range strengths {
			frame := mustEncode(t, zstd, s, make([]byte, n))
			descriptor := frame[4]
			single, checksum, dictionary := descriptor&0x20 != 0, descriptor&4 != 0, descriptor&3 != 0
			size := 1 << (descriptor >> 6) // bytes of the content size
			at := 5
			if !single {
				at++
				if window := 1 << (10 + frame[5]>>3); frame[5]&7 != 0 || window > 8<<20 {
					t.Errorf("%d bytes: the window byte is %#x", n, frame[5])
				}
			}
			var content [8]byte
			copy(content[:size], frame[at:])
			length := binary.LittleEndian.Uint64(content[:])
			if size == 2 {
				length += 256
			}
			if length != uint64(n) || single != (n <= 8<<20) || dictionary || checksum != (n > 0) {
				t.Errorf("%d bytes: the frame says %d, single segment %t, checksum %t, dictionary %t", n, length, single, checksum, dictionary)
			}
		}
	}
}

func TestDecodeStopsAtTheLimit(t *testing.T) {
	bomb := make([]byte, 32<<20)
	for _, c := range codings {
		out := mustEncode(t, c, coding.Quick, bomb)
		if len(out) > 40_000 {
			t.Fatalf("%d bytes of %s are no bomb", len(out), c)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := coding.Decode(c, out, 100_000)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, coding.ErrTooLarge) {
			t.Errorf("a bomb of %s: %v", c, err)
		}
		// A window of 8 MB is in what zstd needs at most.
		if used := after.TotalAlloc - before.TotalAlloc; used > 12<<20 {
			t.Errorf("a bomb of %s took %d bytes of memory", c, used)
		}
	}
}

func TestDecodeLimits(t *testing.T) {
	for _, c := range append(codings, identity) {
		src := mustEncode(t, c, coding.Quick, page(100))
		for limit, want := range map[int64]error{-1: coding.ErrTooLarge, 0: coding.ErrTooLarge, 99: coding.ErrTooLarge, 100: nil, math.MaxInt64: nil} {
			if _, err := coding.Decode(c, src, limit); !errors.Is(err, want) {
				t.Errorf("100 bytes of %s with limit %d: %v", c, limit, err)
			}
		}
	}
}

func TestDecodeRefusesWhatIsBroken(t *testing.T) {
	each(t, func(t *testing.T, c coding.Coding, s coding.Strength) {
		whole := mustEncode(t, c, s, page(1000))
		for n := range whole {
			if _, err := coding.Decode(c, whole[:n], 1<<20); err == nil {
				t.Errorf("the first %d of %d bytes are taken for the whole", n, len(whole))
			}
		}
		if _, err := coding.Decode(c, append(slices.Clip(whole), "rest"...), 1<<20); err == nil {
			t.Error("bytes after the end are not noticed")
		}
		if c == br {
			return // has no checksum
		}
		for i := range whole {
			changed := bytes.Clone(whole)
			changed[i] ^= 0x10
			if back, err := coding.Decode(c, changed, 1<<20); err == nil && !bytes.Equal(back, page(1000)) {
				t.Errorf("a changed bit of byte %d is not noticed", i)
			}
		}
	})
}

func TestNoSuchCoding(t *testing.T) {
	none := coding.Coding(coding.Count)
	if _, err := coding.Encode(none, coding.Quick, []byte("x")); err == nil {
		t.Error("encoded in a coding that is none")
	}
	if _, err := coding.Decode(none, []byte("x"), 10); err == nil {
		t.Error("decoded from a coding that is none")
	}
}

// Encoders need tens of megabytes. When they are done and the garbage collector has
// been by, nothing of that is left.
func TestEncodersLeaveNoMemory(t *testing.T) {
	src := page(300_000)
	before := heapInUse()
	each(t, func(t *testing.T, c coding.Coding, s coding.Strength) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				mustEncode(t, c, s, src[:5000])
				if c != br {
					mustEncode(t, c, s, src)
				}
			})
		}
		wg.Wait()
	})
	if grown := int64(heapInUse()) - int64(before); grown > 4<<20 {
		t.Errorf("%d bytes are still in use", grown)
	}
}

func heapInUse() uint64 {
	for range 3 {
		runtime.GC() // a sync.Pool is empty after two
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// FuzzDecode: no input panics, or decodes to more than the limit.
func FuzzDecode(f *testing.F) {
	for _, c := range codings {
		for _, s := range strengths {
			f.Add(uint8(c), mustEncode(f, c, s, page(2000)))
			f.Add(uint8(c), mustEncode(f, c, s, make([]byte, 5000)))
		}
	}
	f.Fuzz(func(t *testing.T, c uint8, src []byte) {
		const limit = 3000
		out, err := coding.Decode(coding.Coding(c%coding.Count), src, limit)
		if len(out) > limit || err != nil && out != nil {
			t.Errorf("%d bytes, %v", len(out), err)
		}
	})
}

// FuzzEncode: whatever is encoded comes back.
func FuzzEncode(f *testing.F) {
	for _, src := range [][]byte{nil, page(3000), noise(100), make([]byte, 300), []byte("abcabcabcabc")} {
		f.Add(src, uint16(1))
	}
	f.Fuzz(func(t *testing.T, src []byte, times uint16) {
		src = bytes.Repeat(src, int(times)%16+1)
		for _, c := range codings {
			for _, s := range strengths {
				if c == br && s == coding.Strong && len(src) > 2000 {
					continue // a second, when a fuzz test watches
				}
				back, err := coding.Decode(c, mustEncode(t, c, s, src), int64(len(src)))
				if err != nil || !bytes.Equal(back, src) {
					t.Errorf("%s/%d: %d bytes do not come back: %v", c, s, len(src), err)
				}
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{1000, 17_000, 200_000} {
		for _, c := range codings {
			for _, s := range strengths {
				b.Run(fmt.Sprintf("%d/%s/%d", n, c, s), func(b *testing.B) {
					src := page(n)
					var out []byte
					b.ReportAllocs()
					for b.Loop() {
						out = mustEncode(b, c, s, src)
					}
					b.ReportMetric(float64(len(src))/float64(len(out)), "ratio")
				})
			}
		}
	}
}
