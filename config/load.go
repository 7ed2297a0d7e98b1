package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// Load reads the configuration file at path; see [Parse]. The error is [Errors],
// or that of reading the file.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return Parse(path, data, env)
}

// Parse reads a configuration from the text of a file of that name. The variables
// in it, ${NAME}, are looked up with env; nil: in the environment of the process.
// Everything that can be known without touching the network is checked, and the
// error is [Errors] with all that is wrong. Files that the configuration names are
// not opened.
func Parse(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	if env == nil {
		env = os.LookupEnv
	}
	source, text, faults := newSource(name, data)
	if len(faults.all) > 0 {
		return nil, faults.err()
	}
	doc := parseYAML(text, faults)
	if doc == nil {
		return nil, faults.err()
	}
	start := Pos{1, 1}
	if doc.root == nil {
		faults.add(start, "", "the file is empty; write at least %q", "origin: {url: http://127.0.0.1:3000}")
		return nil, faults.err()
	}
	c := &checker{faults: faults, env: env, shown: make(map[*token.Token]bool)}
	top := c.mapping(doc.root, &root, "", start)
	var config *Config
	if top != nil {
		config = c.build(reader{fileKeys, top, top})
	}
	hideScalars(doc.tokens, source, c.shown)
	if err := faults.err(); err != nil {
		return nil, err
	}
	config.File = name
	return config, nil
}

// Default returns the configuration of a server in front of the origin at a URL,
// with a default for everything else and no route: every path follows the
// origin's own headers. The error is [Errors] without places in a file.
func Default(originURL string) (*Config, error) {
	text := "origin:\n  url: " + strconv.Quote(strings.ReplaceAll(originURL, "${", "$${")) + "\n"
	config, err := Parse("", []byte(text), nil)
	var faults Errors
	if !errors.As(err, &faults) {
		return config, err
	}
	for i, f := range faults {
		faults[i] = Fault{Key: f.Key, Message: f.Message}
	}
	return nil, faults
}
