package main_test

import (
	"strings"
	"syscall"
	"testing"
)

// A reload does not renew a token's quota.
func TestAQuotaOutlivesAReload(t *testing.T) {
	o := newStub(t, echo)
	secret := strings.Repeat("Zq0-of-a-", 4)
	s := serve(t, "origin: {url: \""+o.url+"\"}\nroutes: [{path: \"/p/{id}\"}]\nadmin:\n  listen: 127.0.0.1:0\n  tokens:\n    - {name: a, secret: \"${A}\", quota: 2/h}\n", "A="+secret)
	s.secret = secret
	for range 2 {
		s.revalidate(`{"paths":["/p/1"]}`)
	}
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.waitForLog("the file is taken over", func(line map[string]any) bool { return line["msg"] == "configuration is taken over" })
	a := s.call("POST", "/v1/revalidate", `{"paths":["/p/1"]}`)
	if a.StatusCode != 429 || a.Header.Get("Retry-After") == "" || !strings.Contains(a.body, "2 calls an hour") {
		t.Errorf("answer %d %v %s", a.StatusCode, a.Header, a.body)
	}
	if n := o.times("/p/1"); n != 2 {
		t.Errorf("the origin was asked %d times, want 2", n)
	}
}
