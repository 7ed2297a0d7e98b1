// Package field reads and writes HTTP header fields: Cache-Control, Vary,
// Cache-Status and the fields that belong to one connection.
package field

import "golang.org/x/net/http/httpguts"

// Valid reports whether s can be sent as a field value.
func Valid(s string) bool { return httpguts.ValidHeaderFieldValue(s) }
