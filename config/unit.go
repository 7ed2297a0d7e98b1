package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// day is how a duration of days is counted: without regard to the calendar.
const day = 24 * time.Hour

var (
	durationForm = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+$`)
	durationPart = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)`)
	sizeForm     = regexp.MustCompile(`^([0-9]+)(B|[KMGT]i?B)$`)
	percentForm  = regexp.MustCompile(`^[0-9]{1,3}(?:\.[0-9]{1,6})?%$`)
	numberWord   = regexp.MustCompile(`^([0-9]+)(\.[0-9]+)?[\s_-]*([A-Za-z]*)$`)
)

const (
	durationLike = "write a number with its unit: 500ms, 60s, 15m, 12h or 30d"
	sizeLike     = "write a whole number with its unit: 64KiB, 256MiB or 10GiB"
	percentLike  = "write a percentage, such as 50%"
)

// durationOf reads "90s", "1h30m" or "30d". The fault is the end of a sentence
// that begins with the value; suggest is what was probably meant.
func durationOf(text string) (d time.Duration, fault, suggest string) {
	if strings.HasPrefix(text, "-") {
		return 0, "is negative", ""
	}
	if !durationForm.MatchString(text) {
		fault = "is not a duration"
		if numberWord.MatchString(text) && strings.Trim(text, "0123456789.") == "" {
			fault = "has no unit"
		}
		return 0, fault, likelyDuration(text)
	}
	var sum float64
	for _, part := range durationPart.FindAllStringSubmatch(text, -1) {
		unit := day
		if part[2] != "d" {
			unit, _ = time.ParseDuration("1" + part[2]) // the form allows only units that it knows
		}
		number, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0, "is too long", ""
		}
		sum += number * float64(unit)
	}
	if sum > float64(200*365*day) {
		return 0, "is longer than 200 years", ""
	}
	return time.Duration(math.Round(sum)), "", ""
}

// percentOf reads "50%" as 0.5; see durationOf.
func percentOf(text string) (share float64, fault, suggest string) {
	if !percentForm.MatchString(text) {
		return 0, "is not a percentage", likelyPercent(text)
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	switch {
	case err != nil || n > 100:
		return 0, "is more than all of it", "100%"
	case n == 0:
		return 0, "asks for nothing", ""
	}
	return n / 100, "", ""
}

// likelyPercent turns "0.5", "50" and "50 %" into "50%".
func likelyPercent(text string) string {
	number := strings.TrimSpace(strings.TrimSuffix(text, "%"))
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !(f > 0 && f <= 100) || len(text) > 32 {
		return ""
	}
	if f < 1 && number == text {
		f *= 100
	}
	return strconv.FormatFloat(f, 'g', 6, 64) + "%"
}

// durationWords are what people write for a unit.
var durationWords = map[string]string{
	"": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "msec": "ms", "millis": "ms",
	"ms": "ms", "s": "s", "m": "m", "h": "h", "d": "d",
}

func likelyDuration(text string) string {
	m := numberWord.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || len(text) > 32 {
		return ""
	}
	word := strings.ToLower(m[3])
	if word == "w" || word == "week" || word == "weeks" {
		if n, err := strconv.Atoi(m[1]); err == nil && m[2] == "" {
			return fmt.Sprintf("%dd", 7*n)
		}
	}
	unit, known := durationWords[word]
	if !known {
		return ""
	}
	likely := m[1] + m[2] + unit
	if _, fault, _ := durationOf(likely); fault != "" {
		return ""
	}
	return likely
}

// sizeOf reads "64KiB" or "10GB" as bytes; see durationOf.
func sizeOf(text string) (n int64, fault, suggest string) {
	if strings.HasPrefix(text, "-") {
		return 0, "is negative", ""
	}
	m := sizeForm.FindStringSubmatch(text)
	if m == nil {
		fault = "is not a size"
		if text != "" && strings.Trim(text, "0123456789") == "" {
			fault = "has no unit"
		}
		return 0, fault, likelySize(text)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	unit := unitSize(m[2])
	if err != nil || n > math.MaxInt64/unit {
		return 0, "is too large", ""
	}
	return n * unit, "", ""
}

// unitSize returns the bytes of "B", "KB" or "KiB" and so on.
func unitSize(unit string) int64 {
	base := int64(1000)
	if strings.Contains(unit, "i") {
		base = 1024
	}
	size := int64(1)
	for range strings.IndexByte("BKMGT", unit[0]) {
		size *= base
	}
	return size
}

func likelySize(text string) string {
	m := numberWord.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || m[2] != "" || len(text) > 32 {
		return ""
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return ""
	}
	word := strings.ToUpper(m[3])
	switch word {
	case "":
		return sizeText(n)
	case "B", "BYTE", "BYTES":
		return m[1] + "B"
	case "K", "M", "G", "T":
		return m[1] + word + "iB"
	case "KB", "MB", "GB", "TB":
		return m[1] + word
	case "KIB", "MIB", "GIB", "TIB":
		return m[1] + word[:1] + "iB"
	}
	return ""
}

// sizeText writes a number of bytes with the largest unit that divides it.
func sizeText(n int64) string {
	units := []string{"TiB", "GiB", "MiB", "KiB"}
	for _, u := range units {
		if size := unitSize(u); n > 0 && n%size == 0 {
			return fmt.Sprintf("%d%s", n/size, u)
		}
	}
	return fmt.Sprintf("%dB", n)
}

// durationText writes a duration as the file does: without parts that are zero,
// in days when it is a whole number of them.
func durationText(d time.Duration) string {
	if d > 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
