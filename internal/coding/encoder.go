package coding

import (
	"errors"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The levels, by measurement on 1, 17 and 200 kB of HTML (BenchmarkEncode).
const (
	// Level 5 makes pages 5 per cent smaller than level 1 in twice the time; 6 is
	// 1 per cent smaller in half as much again. Of the strong ones 9 is the best.
	gzipQuick, gzipStrong = 5, 9

	// Below level 4 Brotli is larger than gzip on a page, and slower. Level 5 is 4
	// per cent smaller than 4, but takes more than half a millisecond for 17 kB.
	brotliQuick, brotliStrong = 4, 11

	// Level 11 takes 3.5 s for 1 MB, so what is larger gets 9: 0.2 s and 11 per cent
	// more bytes for the same.
	brotliLarge, brotliLargeAbove = 9, 1 << 20

	zstdQuick, zstdStrong = zstd.SpeedDefault, zstd.SpeedBestCompression
)

// The windows, as powers of two. An encoder keeps a window of memory or two, and
// the larger it is the more must be cleared before the first byte.
const (
	smallWindow  = 16 // 64 kB: nearly all pages
	middleWindow = 18 // 256 kB: the largest for which encoders are kept
	brotliWindow = 22 // what browsers and other servers use
	zstdWindow   = 23 // 8 MB: browsers need not take more (RFC 9659)
)

// encoder keeps the state of a library from one use to the next, and the room that
// the last output needed.
type encoder interface {
	// encode returns src encoded, in memory that the next call overwrites. It keeps
	// no reference to src.
	encode(src []byte) ([]byte, error)
}

// writerEncoder is an encoder of a library that writes.
type writerEncoder struct {
	w interface {
		io.WriteCloser
		Reset(io.Writer)
	}
	out output
}

// output is what is written.
type output []byte

func (o *output) Write(p []byte) (int, error) {
	*o = append(*o, p...)
	return len(p), nil
}

func (e *writerEncoder) encode(src []byte) ([]byte, error) {
	e.out = e.out[:0]
	e.w.Reset(&e.out)
	_, err := e.w.Write(src)
	return e.out, errors.Join(err, e.w.Close())
}

func newGzip(level int) (encoder, error) {
	w, err := gzip.NewWriterLevel(nil, level)
	return &writerEncoder{w: w}, err
}

// newBrotli returns an encoder for whatever n bytes it gets: the window only says
// how far it looks back.
func newBrotli(level, window int) (encoder, error) {
	w := brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: level, LGWin: window})
	return &writerEncoder{w: w}, nil
}

// brotliWindowFor returns the least window that n bytes fit in, if there is one. 16
// bytes of a window are never used (RFC 7932, section 9.1).
func brotliWindowFor(n int) int {
	for window := smallWindow; window < brotliWindow; window++ {
		if n <= 1<<window-16 {
			return window
		}
	}
	return brotliWindow
}

// zstdEncoder is an encoder of a library that takes all at once.
type zstdEncoder struct {
	w   *zstd.Encoder
	out []byte
}

func (e *zstdEncoder) encode(src []byte) ([]byte, error) {
	e.out = e.w.EncodeAll(src, e.out[:0])
	return e.out, nil
}

// newZstd returns an encoder for what fits in the window. It writes a single
// segment: the content is the window, and its length is in the frame.
func newZstd(level zstd.EncoderLevel, window int) (encoder, error) {
	return newZstdOptions(level, window, zstd.WithSingleSegment(true))
}

// newZstdStream returns an encoder for what does not fit in the largest window.
func newZstdStream(level zstd.EncoderLevel) (encoder, error) {
	return newZstdOptions(level, zstdWindow, zstd.WithSingleSegment(false))
}

func newZstdOptions(level zstd.EncoderLevel, window int, segment zstd.EOption) (encoder, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithWindowSize(1<<window), segment,
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
	return &zstdEncoder{w: w}, err
}

// zstdWindowFor returns the least window that n bytes fit in, if there is one.
func zstdWindowFor(n int) int {
	for window := middleWindow; window < zstdWindow; window++ {
		if n <= 1<<window {
			return window
		}
	}
	return zstdWindow
}
