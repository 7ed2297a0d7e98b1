package main_test
import ("testing";"time";"fmt")
func TestTmpSlow(t *testing.T) {
	o := newStub(t, echo)
	s := serve(t, bothWays(o.url))
	for i, name := range unkeyedHeaders() {
		b := time.Now()
		s.get(fmt.Sprintf("/p/%d", i), name+": "+marker)
		c := time.Now()
		s.get(fmt.Sprintf("/free/%d", i), name+": "+marker)
		d := time.Now()
		s.learned(fmt.Sprintf("/free/%d", i))
		e := time.Now()
		if i%40==0 { t.Log(name, c.Sub(b), d.Sub(c), e.Sub(d)) }
	}
}
