package reprint

// ShareLock reports whether two keys are fenced by the same lock.
func ShareLock(a, b Key) bool {
	var l keyLocks
	return l.of(a) == l.of(b)
}
