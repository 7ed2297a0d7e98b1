package config

import (
	"fmt"
	"regexp"
	"strings"
)

// environment is where variables are looked up, as os.LookupEnv does.
type environment func(string) (string, bool)

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	bareVariable = regexp.MustCompile(`^\$[A-Z_][A-Z0-9_]*$`)
	soleVariable = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)
)

// expand puts the environment's values in place of ${NAME}; "$${" stands for
// "${". What a variable holds is not looked at again, and since a value is
// expanded after the file was parsed, it can never be more than a value.
func (env environment) expand(raw string) (value string, used bool, errs []string) {
	var b strings.Builder
	rest := raw
	for {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			b.WriteString(rest)
			return b.String(), used, errs
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString(before + "{")
			rest = after
			continue
		}
		b.WriteString(before)
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return raw, used, append(errs, `"${" is never closed; write ${NAME}, or $${ for the characters themselves`)
		}
		used = true
		if fault := env.lookUp(name, &b); fault != "" {
			errs = append(errs, fault)
		}
		rest = after
	}
}

// lookUp writes the value of a variable to b, or says why there is none.
func (env environment) lookUp(name string, b *strings.Builder) (fault string) {
	if !variableName.MatchString(name) {
		if base, _, extra := strings.Cut(name, ":"); extra && variableName.MatchString(base) {
			return fmt.Sprintf("a variable has no default here; write ${%s} and set it in the environment", base)
		}
		return "the name between \"${\" and \"}\" is not that of a variable; write ${NAME}, or $${ for the characters themselves"
	}
	value, set := env(name)
	switch {
	case !set:
		return fmt.Sprintf("the environment variable %s is not set; set it where the server is started", name)
	case value == "":
		return fmt.Sprintf("the environment variable %s is empty; give it a value where the server is started", name)
	}
	b.WriteString(value)
	return ""
}
