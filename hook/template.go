package hook

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxValueBytes bounds a parameter, so that a filled path stays within what a
// page's path may be.
const maxValueBytes = 512

// template is a path whose parameter is still to be filled in.
type template struct {
	path  string
	place string // the segment that stands for the parameter: "{id}"
}

func newTemplate(path, param string) template {
	return template{path, "{" + param + "}"}
}

// fill returns the percent-encoded path with value, which checkValue has passed,
// as one segment. Whatever value is, the path has as many segments as the
// template, and the others are the template's own.
func (t template) fill(value string) string {
	segments := strings.Split(t.path, "/")
	for i, s := range segments {
		if s == t.place {
			segments[i] = url.PathEscape(value)
		}
	}
	return strings.Join(segments, "/")
}

// checkValue says why value cannot be the name of a page: it must stay one
// segment of a path for every parser on the way, and nothing but a name.
func checkValue(value string) error {
	switch {
	case value == "":
		return errors.New("it is not there or empty")
	case len(value) > maxValueBytes:
		return fmt.Errorf("it is longer than %d bytes", maxValueBytes)
	case !utf8.ValidString(value):
		return errors.New("it is not UTF-8")
	case strings.ContainsAny(value, `/\`):
		return errors.New("it holds a slash or backslash")
	case strings.Trim(value, ".") == "":
		return errors.New("it is nothing but dots")
	case strings.ContainsFunc(value, unicode.IsControl):
		return errors.New("it holds a control character")
	}
	return nil
}

// validateTemplates reports every path that could not be filled in, while a
// programmer is looking rather than when the first call comes.
func validateTemplates(paths []string, param string) error {
	place := newTemplate("", param).place
	var errs []error
	named := false
	for _, path := range paths {
		if err := validateTemplate(path, place); err != nil {
			errs = append(errs, fmt.Errorf("path %q: %w", path, err))
		}
		named = named || slices.Contains(strings.Split(path, "/"), place)
	}
	if !named {
		errs = append(errs, fmt.Errorf("no path has the segment %s: a call could not say what changed", place))
	}
	return errors.Join(errs...)
}

func validateTemplate(path, place string) error {
	if !strings.HasPrefix(path, "/") {
		return errors.New(`must begin with "/", like /posts/` + place)
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		if s == place || s == "" && last {
			continue
		}
		if strings.ContainsAny(s, "{}") {
			return fmt.Errorf("segment %q: braces hold a whole segment, and only %s", s, place)
		}
		if err := validateSegment(s); err != nil {
			return fmt.Errorf("segment %q: %w", s, err)
		}
	}
	return nil
}

// validateSegment reports whether s can be a segment of the template's own, in
// percent-encoded form.
func validateSegment(s string) error {
	if strings.ContainsAny(s, "?#") {
		return errors.New("a path has no query and no fragment")
	}
	decoded, err := url.PathUnescape(s)
	if err != nil {
		return errors.New("the percent-encoding is broken")
	}
	if err := checkValue(decoded); err != nil {
		return fmt.Errorf("cannot be part of a path: %w", err)
	}
	return nil
}
