package coding

import (
	"sync"
	"weak"
)

// A shelf is where encoders stay between uses. Making one can cost more than
// encoding a page: it is a megabyte or more of tables.
type shelf interface {
	take() (encoder, error)
	put(e encoder)
}

// Encoders for up to 256 kB stay: their memory grows with what they get, and beyond
// that tables are a small part of the work. What each keeps: gzip 1.1 and 1.4 MB,
// Brotli up to 1.4 and 2.5 MB, zstd 2 MB, and 37 MB the strong one. Strong Brotli
// takes far longer to encode than to make, so nothing is kept of it.
var (
	quickGzip    = &pool{make: func() (encoder, error) { return newGzip(gzipQuick) }}
	strongGzip   = &pool{make: func() (encoder, error) { return newGzip(gzipStrong) }}
	smallBrotli  = &pool{make: func() (encoder, error) { return newBrotli(brotliQuick, smallWindow) }}
	middleBrotli = &pool{make: func() (encoder, error) { return newBrotli(brotliQuick, middleWindow) }}
	quickZstd    = &pool{make: func() (encoder, error) { return newZstd(zstdQuick, middleWindow) }}
	strongZstd   = &spare{}
)

// find returns the shelf with encoders for n bytes, or nil if the coding has none.
func find(c Coding, s Strength, n int) shelf {
	switch c {
	case Gzip:
		return findGzip(s, n)
	case Brotli:
		return findBrotli(s, n)
	case Zstd:
		return findZstd(s, n)
	}
	return nil
}

func findGzip(s Strength, n int) shelf {
	p := quickGzip
	if s == Strong {
		p = strongGzip
	}
	if n > 1<<middleWindow {
		return unkept(p.make)
	}
	return p
}

func findBrotli(s Strength, n int) shelf {
	level, window := brotliQuick, brotliWindowFor(n)
	switch {
	case s == Strong && n > brotliLargeAbove:
		level = brotliLarge
	case s == Strong:
		level = brotliStrong
	case window <= smallWindow:
		return smallBrotli
	case window <= middleWindow:
		return middleBrotli
	}
	return unkept(func() (encoder, error) { return newBrotli(level, window) })
}

func findZstd(s Strength, n int) shelf {
	level, window := zstdQuick, zstdWindowFor(n)
	switch {
	case s == Strong && window <= middleWindow:
		return strongZstd
	case s == Strong:
		level = zstdStrong
	case window <= middleWindow:
		return quickZstd
	}
	if n > 1<<zstdWindow {
		return unkept(func() (encoder, error) { return newZstdStream(level) })
	}
	return unkept(func() (encoder, error) { return newZstd(level, window) })
}

// pool has up to about one encoder per processor, and loses them to the garbage
// collector when they are not used.
type pool struct {
	make func() (encoder, error)
	idle sync.Pool
}

func (p *pool) take() (encoder, error) {
	if e, ok := p.idle.Get().(encoder); ok {
		return e, nil
	}
	return p.make()
}

func (p *pool) put(e encoder) { p.idle.Put(e) }

// spare is for the strong zstd encoder, whose tables are 37 MB however little there
// is to encode: a pool would have that for every processor. At most one stays, and
// only until the garbage collector comes by, so that a burst of pages shares it and
// a quiet program does not carry it.
type spare struct {
	mu   sync.Mutex
	last weak.Pointer[zstdEncoder] // guarded by mu
}

func (s *spare) take() (encoder, error) {
	s.mu.Lock()
	e := s.last.Value()
	s.last = weak.Pointer[zstdEncoder]{}
	s.mu.Unlock()
	if e != nil {
		return e, nil
	}
	return newZstd(zstdStrong, middleWindow)
}

func (s *spare) put(e encoder) {
	if z, ok := e.(*zstdEncoder); ok {
		s.mu.Lock()
		s.last = weak.Make(z)
		s.mu.Unlock()
	}
}

// unkept makes an encoder for one use.
type unkept func() (encoder, error)

func (u unkept) take() (encoder, error) { return u() }
func (u unkept) put(encoder)            {}
