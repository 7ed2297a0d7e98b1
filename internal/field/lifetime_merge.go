package field

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// notUpdated are the fields of a 304 that change nothing in a stored response
// (RFC 9111, section 3.2): those of one connection (RFC 9110, section 7.6.1) or
// of one proxy (RFC 9111, section 3.1), and those that say how the body of one
// message was sent, as the stored body was sent otherwise. Content-Type and the
// other Content fields are not among them.
var notUpdated = []string{
	"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Connection",
	"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Content-Length", "Content-Encoding", "Content-Range",
}

// Merge returns the header of a stored response after a 304 confirmed it (RFC
// 9111, sections 3.2 and 4.3.4): each field of fresh, the header of the 304,
// takes the place of the stored one, except those that belong to the connection
// (section 3.1) or to the stored body. Date and Age are those of the 304, or
// none: they tell when it was made. The result shares no memory with either. It
// is to be judged and cleaned like the header of any answer.
func Merge(stored, fresh http.Header) http.Header {
	merged := make(http.Header, len(stored)+len(fresh))
	for name, values := range stored {
		name = http.CanonicalHeaderKey(name)
		merged[name] = slices.Concat(merged[name], values)
	}
	delete(merged, "Date")
	delete(merged, "Age")
	listed, ok := tokens(fresh["Connection"])
	if !ok {
		return merged // which fields belong to the connection cannot be known
	}
	update := make(http.Header, len(fresh))
	for name, values := range fresh {
		name = http.CanonicalHeaderKey(name)
		named := func(e string) bool { return strings.EqualFold(e, name) }
		if !slices.Contains(notUpdated, name) && !slices.ContainsFunc(listed, named) {
			update[name] = slices.Concat(update[name], values)
		}
	}
	maps.Copy(merged, update)
	return merged
}
