package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/config"
)

func configCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Check the configuration file and show what it may hold",
		Example: `  reprint config check
  reprint config schema >reprint.schema.json`,
	}
	parent(c)
	c.AddCommand(configCheckCommand(g), configSchemaCommand(g), configReferenceCommand(g))
	return c
}

func configCheckCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with a configuration file",
		Long: `Reads a configuration file as "reprint serve" does and says everything that is
wrong with it: file, line, column, key and what to write instead. The network
is not touched. Variables like ${REPRINT_TOKEN} are taken from the
environment, and one that is not set is an error, as it is for the server.`,
		Example: `  reprint config check
  reprint config check --config /etc/reprint/reprint.yaml`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse(c, "reprint config check takes no argument", "Name the file with --config "+shellWord(args[0]))
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return g.checkConfig() },
	}
	g.configFlag(c)
	return c
}

func (g *global) checkConfig() error {
	file := g.config
	if file == "" {
		file = defaultFile
	}
	c, err := config.Load(file, g.env)
	if err != nil {
		return err
	}
	routes, hooks := 0, 0
	for _, s := range c.Sites {
		routes += len(s.Routes)
		hooks += len(s.Hooks)
	}
	if g.json {
		return g.writeJSON(struct {
			File   string `json:"file"`
			Sites  int    `json:"sites"`
			Routes int    `json:"routes"`
			Hooks  int    `json:"hooks"`
		}{file, len(c.Sites), routes, hooks})
	}
	s := g.screen(g.out)
	fmt.Fprintf(s, "%s %s: %s, %s, %s\n", clean(file), s.paint(green, "is good"),
		counted(int64(len(c.Sites)), "site"), counted(int64(routes), "route"), counted(int64(hooks), "hook"))
	return nil
}

func configSchemaCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration file",
		Long: `Prints the JSON Schema of the configuration file. An editor that knows it
completes keys and marks errors while you write.`,
		Example: `  reprint config schema >reprint.schema.json

  # Then, as the first line of reprint.yaml:
  # yaml-language-server: $schema=reprint.schema.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := g.out.Write(config.Schema())
			return err
		},
	}
}

func configReferenceCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "reference",
		Short: "Print what every key of the configuration file means",
		Long: `Prints, as Markdown, every key of the configuration file: what it means, its
unit, its default.`,
		Example: `  reprint config reference | less
  reprint config reference >configuration.md`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if g.json {
				return g.writeJSON(struct {
					Markdown string `json:"markdown"`
				}{string(config.Reference())})
			}
			_, err := g.out.Write(config.Reference())
			return err
		},
	}
}

// configError is what is wrong with a configuration file when a command wants
// something else than to know that; fix is what to do then.
type configError struct {
	err error
	fix string
}

func (e *configError) Error() string { return e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

// reportConfig reports err if faults of a configuration file are in it.
func (g *global) reportConfig(err error) (status int, ok bool) {
	faults, ok := errors.AsType[config.Errors](err)
	if !ok {
		return 0, false
	}
	f := &failure{message: faultsOf(faults), fix: "Each line says what to write instead."}
	if told, ok := errors.AsType[*configError](err); ok {
		f.fix = told.fix
	}
	if g.json {
		g.writeErrorJSON(faultsJSON(f, faults))
		return exitFailed, true
	}
	fmt.Fprintln(g.err, cleanLines(faults.Explain()))
	g.write(f)
	return exitFailed, true
}

func faultsOf(faults config.Errors) string {
	text := counted(int64(len(faults)), "fault")
	if len(faults) > 0 && faults[0].File != "" {
		text += " in " + faults[0].File
	}
	return text
}

// configFault is one fault, for programs.
type configFault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Key     string `json:"key,omitempty"`
	Message string `json:"message"`
}

func faultsJSON(f *failure, faults config.Errors) any {
	all := make([]configFault, len(faults))
	for i, f := range faults {
		all[i] = configFault{f.File, f.Line, f.Column, f.Key, f.Message}
	}
	return struct {
		Message string        `json:"message"`
		Fix     string        `json:"fix"`
		Faults  []configFault `json:"faults"`
	}{f.message, f.fix, all}
}
