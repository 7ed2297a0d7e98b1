package coding

import (
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// ErrTooLarge is that bytes decode to more than the limit.
var ErrTooLarge = errors.New("more than the limit")

// Decode returns what src is in c, up to limit bytes. Beyond them it stops with
// [ErrTooLarge], having used memory for about twice the limit and a window of up to
// 16 MB. Every byte of src must belong to it. Identity is src itself.
func Decode(c Coding, src []byte, limit int64) ([]byte, error) {
	out, err := decode(c, src, limit)
	if err == nil && int64(len(out)) > limit {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("decode %d bytes of %s: %w", len(src), c, err)
	}
	return out, nil
}

// decode returns at most one byte more than the limit.
func decode(c Coding, src []byte, limit int64) ([]byte, error) {
	if c == Identity {
		return slices.Clip(src), nil
	}
	if len(src) == 0 {
		// To one of the libraries nothing is the encoding of nothing.
		return nil, io.ErrUnexpectedEOF
	}
	r, err := newReader(c, bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, min(max(limit, 0), math.MaxInt64-1)+1))
	return out, errors.Join(err, r.Close())
}

// newReader takes the standard library for gzip: it is not the one that encodes, so
// a fault has to be in two to go unseen.
func newReader(c Coding, src io.Reader) (io.ReadCloser, error) {
	switch c {
	case Gzip:
		return stdgzip.NewReader(src)
	case Brotli:
		return io.NopCloser(brotli.NewReader(src)), nil
	case Zstd:
		r, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(1<<zstdWindow))
		if err != nil {
			return nil, err
		}
		return r.IOReadCloser(), nil
	}
	return nil, errUnknown
}
