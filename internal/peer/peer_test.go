package peer_test

import (
	"net/http"
	"testing"

	"github.com/reprint-go/reprint/internal/peer"
)

func TestFrom(t *testing.T) {
	for _, test := range [][3]string{
		{"10.0.0.5:1234", "10.0.0.5", "10.0.0.5:1234"},
		{"10.0.0.5:1234", "10.0.0.5:1234", "10.0.0.5:1234"},
		{"10.0.0.5:1234", "192.0.2.7", "192.0.2.7"}, // a proxy asks for somebody
		{"[2001:db8::1]:1234", "2001:db8::1", "[2001:db8::1]:1234"},
		{"@", "@", "@"}, // a socket of Unix
	} {
		if got := peer.From(&http.Request{RemoteAddr: test[0]}, test[1]); got != test[2] {
			t.Errorf("%s for %s is from %s, want %s", test[0], test[1], got, test[2])
		}
	}
}
