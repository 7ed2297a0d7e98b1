package main

import (
	"bytes"
	"testing"
)

func TestPagesHaveOneSizeAndAreTheSameEachTime(t *testing.T) {
	for _, size := range []int{minPage, 1 << 10, 17 << 10, 1 << 20} {
		for _, i := range []int{0, 7, 999_999, firstFresh + 1} {
			p := page(i, 42, size)
			if len(p) != size {
				t.Errorf("page %d of %d bytes has %d", i, size, len(p))
			}
			if !bytes.Equal(p, page(i, 42, size)) || bytes.Equal(p, page(i+1, 42, size)) || bytes.Equal(p, page(i, 43, size)) {
				t.Errorf("page %d of %d bytes is not what it should be", i, size)
			}
			if version, err := pageVersion(p); version != 42 || err != nil {
				t.Errorf("its version is %d, %v", version, err)
			}
		}
	}
}

func TestAnOldVersionIsWrong(t *testing.T) {
	o := &origin{floor: make(map[int]int64)}
	o.prepare(job{Size: 1 << 10, Changing: true})
	old := page(7, o.next(), 1<<10)
	if err := o.check(7, o.oldest(7), old); err != nil {
		t.Errorf("before the call: %v", err)
	}
	o.revalidated(7, o.version.Load())
	if err := o.check(7, o.oldest(7), old); err == nil {
		t.Error("the old version is taken after the call")
	}
	if err := o.check(7, o.oldest(7), page(7, o.next(), 1<<10)); err != nil {
		t.Errorf("after the call: %v", err)
	}
	if err := o.check(7, 0, page(8, 1, 1<<10)); err == nil {
		t.Log("another page of the same version has another number, so")
		t.Error("page 8 is taken for page 7")
	}
}

func TestGzipIsUndone(t *testing.T) {
	want := page(3, 0, 17<<10)
	small := compress(want)
	if len(small) > 1<<10 {
		t.Errorf("17 kB are %d bytes as gzip", len(small))
	}
	got, err := gunzip(small)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
