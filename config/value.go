package config

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/http/httpguts"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// value is what the file says under one key, or one element of its list.
type value struct {
	key  *key
	path string
	at   Pos // of the value
	bad  bool

	keyAt Pos // of its key; the zero Pos for an element of a list

	raw      string // as it is in the file
	text     string // expanded
	expanded bool   // it holds what the environment says
	hidden   bool   // it turned out to be a secret
	token    *token.Token
	number   float64
	duration time.Duration
	size     int64
	flag     bool
	items    []*value
	section  *section
	headers  [][2]string
}

// show names the value in a message. What came from the environment is never
// shown, nor is a secret.
func (v *value) show() string {
	switch {
	case v.hidden, !v.key.public():
		return "the value"
	case v.expanded:
		return fmt.Sprintf("what %q stands for", shorten(v.raw))
	}
	return strconv.Quote(shorten(v.raw))
}

// refuse reports a value with the end of a sentence that begins with it.
func (c *checker) refuse(v *value, fault string) {
	if v.expanded {
		// What to write instead may be made of the value.
		fault, _, _ = strings.Cut(fault, "; ")
		fault += "; give the variable another value"
	}
	c.add(v.at, v.path, "%s %s", v.show(), fault)
}

// shorten cuts a text that a message quotes.
func shorten(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// scalar checks a value without parts.
func (c *checker) scalar(v *value, n ast.Node) {
	raw, style, ok := scalarOf(n)
	if !ok {
		v.bad = true
		c.wrongType(n, v.key, v.path, v.at)
		return
	}
	v.raw, v.text, v.token = raw, raw, scalarToken(n)
	// A line break that is missing may have put a secret behind something else.
	v.hidden = namesSecret(raw) && strings.Contains(raw, " ")
	if v.key.public() && !v.hidden || soleVariable.MatchString(raw) {
		c.show(n)
	}
	if style == styleText {
		var errs []string
		v.text, v.expanded, errs = c.env.expand(raw)
		for _, e := range errs {
			v.bad = true
			c.add(v.at, v.path, "%s", e)
		}
		if bareVariable.MatchString(raw) {
			v.bad = true
			c.add(v.at, v.path, "a variable is written with braces; write ${NAME}")
		}
	}
	if !v.bad {
		c.typed(v, style)
	}
}

// typed reads the text of a value as its kind.
func (c *checker) typed(v *value, style style) {
	k := v.key
	bad := func(format string, args ...any) {
		v.bad = true
		c.add(v.at, v.path, format, args...)
	}
	switch k.kind {
	case kindText, kindSecret, kindHeaders, kindVariant:
		c.checkText(v, style)
	case kindDuration:
		d, fault, suggest := durationOf(v.text)
		switch v.duration = d; {
		case fault != "":
			bad("%s %s; %s", v.show(), fault, v.suggest(suggest, durationLike))
		case d == 0 && !k.zero:
			bad("%s is no time at all; write a duration that is longer, or leave the key out", v.show())
		}
	case kindSize:
		n, fault, suggest := sizeOf(v.text)
		if mega := v.text + "MiB"; fault == "has no unit" && tooSmall(suggest, k.min) && !tooSmall(mega, k.min) {
			suggest = mega
		}
		switch v.size = n; {
		case fault != "":
			bad("%s %s; %s", v.show(), fault, v.suggest(suggest, sizeLike))
		case n < k.min:
			bad("%s is too small; write %s or more", v.show(), sizeText(k.min))
		case k.max > 0 && n > k.max:
			bad("%s is too large; write %s or less", v.show(), sizeText(k.max))
		}
	case kindCount:
		c.checkCount(v, style)
	case kindShare:
		f, err := strconv.ParseFloat(v.text, 64)
		v.number = f
		// What is no number is not within the bounds either.
		if err != nil || !(f >= 0 && f <= 1) || style == styleText && !v.expanded {
			bad("%s is not a share; write a number from 0 to 1, without quotes: %s", v.show(), v.suggest(likelyShare(v.text), k.example))
		}
	case kindPercent:
		share, fault, suggest := percentOf(v.text)
		if v.number = share; fault != "" {
			bad("%s %s; %s", v.show(), fault, v.suggest(suggest, percentLike))
		}
	case kindFlag:
		v.flag = v.text == "true"
		if v.text != "true" && v.text != "false" || style == styleText && !v.expanded {
			bad("%s is neither true nor false; write one of them, without quotes", v.show())
		}
	case kindChoice:
		if !slices.Contains(k.allowed, v.text) {
			bad("%s is %s%s", v.show(), noneOf(k.allowed), didYouMean(v, k.allowed))
		}
	}
}

// suggest says what to write: what was probably meant, if that is known and does
// not give away what the environment holds.
func (v *value) suggest(likely, otherwise string) string {
	if likely == "" || v.expanded {
		return otherwise
	}
	if v.key.kind == kindShare {
		return likely
	}
	return "write " + likely
}

// asText says how to write what is a number or a truth value in YAML.
func (v *value) asText() string {
	switch {
	case len(v.key.allowed) > 0:
		return "write one of " + alternatives(v.key.allowed, "and")
	case v.key.form != "" && !regexp.MustCompile(v.key.form).MatchString(v.raw):
		return "write text such as " + v.key.example
	}
	return fmt.Sprintf("write it in quotes: %q", shorten(v.raw))
}

// tooSmall reports whether a size that can be read is below a bound.
func tooSmall(text string, bound int64) bool {
	n, fault, _ := sizeOf(text)
	return fault == "" && n < bound
}

// likelyShare turns "10%" and "10" into "0.1".
func likelyShare(text string) string {
	f, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64)
	switch {
	case err != nil || f < 0 || f > 100:
		return ""
	case f > 1 || strings.HasSuffix(text, "%"):
		f /= 100
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// checkText checks a value that is text.
func (c *checker) checkText(v *value, style style) {
	bad := func(format string, args ...any) {
		v.bad = true
		c.add(v.at, v.path, format, args...)
	}
	hidden := !v.key.public()
	switch {
	case (style == styleNumber || style == styleFlag) && hidden:
		bad("is not text; write it in quotes")
	case style == styleNumber:
		bad("is a number where text belongs; %s", v.asText())
	case style == styleFlag:
		bad("is true or false where text belongs; %s", v.asText())
	case strings.TrimSpace(v.text) == "" && !v.key.mayBlank && v.key.list:
		bad("is empty; give it a value, or remove it")
	case strings.TrimSpace(v.text) == "" && !v.key.mayBlank:
		bad("is empty; write a value, such as %s, or leave the key out", v.key.example)
	case strings.ContainsFunc(v.text, unicode.IsControl) && v.key.kind != kindSecret:
		bad("%s holds a line break or another control character; write it in one line", v.show())
	case hidden && v.key.kind == kindHeaders && !httpguts.ValidHeaderFieldValue(v.text):
		bad("the value cannot be sent in a header; write it without control characters")
	}
}

// checkCount checks a whole number.
func (c *checker) checkCount(v *value, style style) {
	k := v.key
	bad := func(format string, args ...any) {
		v.bad = true
		c.add(v.at, v.path, format, args...)
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	v.size = n
	decimal := v.text != "" && strings.Trim(v.text, "0123456789") == "" && (v.text[0] != '0' || v.text == "0")
	most := k.max
	if most == 0 {
		most = math.MaxInt64
	}
	switch {
	case strings.HasPrefix(v.text, "-") && err == nil:
		bad("%s is negative; write a whole number from %d on", v.show(), k.min)
	case decimal && style == styleText && !v.expanded && err == nil:
		bad("is text where a number belongs; write it without quotes: %s", v.text)
	case decimal && (err != nil || n > most):
		bad("%s is too large; write %d or less", v.show(), most)
	case !decimal || err != nil:
		bad("%s is not a whole number; write digits alone: %s", v.show(), k.example)
	case n < k.min:
		bad("%s is too small; write %d or more", v.show(), k.min)
	}
}
