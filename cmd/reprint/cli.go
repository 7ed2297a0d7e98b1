package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprint-go/reprint/internal/spell"
)

// global is what every command has of the world outside, and the flags that all
// of them know. Tests give their own.
type global struct {
	in  io.Reader
	out io.Writer // what was asked for
	err io.Writer // everything else: errors, notes, progress
	env func(name string) (value string, set bool)
	now func() time.Time

	json bool // --json

	// How a command that talks to a server finds it; see findServer.
	admin     string // --admin
	tokenFile string // --token-file
	config    string // --config, also of the commands that read the file for themselves
}

// system returns the world as it is.
func system() *global {
	return &global{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv, now: time.Now}
}

// run carries out one command line, without the name of the program, and returns
// its exit status. When ctx ends, the command gives up.
func run(ctx context.Context, g *global, args []string) int {
	// Known before the flags are parsed: parsing is what may fail.
	g.json = slices.Contains(args[:untilDashes(args)], "--json")
	out := &output{Writer: g.out}
	g.out = out
	root := rootCommand(g)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	return g.report(ctx, err)
}

// output remembers that something could not be written, for who writes tables and lines
// does not look at each: half of a list must not look like all of it.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(text []byte) (int, error) {
	n, err := o.Writer.Write(text)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// untilDashes is how many arguments stand before "--", after which none is a flag.
func untilDashes(args []string) int {
	if i := slices.Index(args, "--"); i >= 0 {
		return i
	}
	return len(args)
}

// The groups of commands in the help.
const (
	groupPages  = "pages"
	groupServer = "server"
	groupSelf   = "self"
)

func rootCommand(g *global) *cobra.Command {
	root := &cobra.Command{
		Use:   "reprint",
		Short: "Render pages once, and again the moment their content changes",
		Long: `Reprint stands in front of a web server, renders each page once, serves it like
a static file, and renders it again the moment its content changes.

"reprint serve" is the server. The other commands talk to a running one through
its admin API. They look for it in this order:
  1. --admin URL
  2. the environment variable REPRINT_ADMIN
  3. admin.listen of the file named with --config, or of ./reprint.yaml
  4. ` + defaultAdmin + `

The token is read from the file named with --token-file or from the environment
variable REPRINT_TOKEN; if neither is there and the server was found by a
configuration file, the first token of that file is used. There is no flag with
the token itself, because everybody on the machine can read the arguments of a
running program.

With --json a command writes what the API answers, and errors as
{"message": "...", "fix": "..."} to standard error. The exit status is 0 when
the command has done what it was asked, 1 when it has failed, 2 when it was used
wrongly, and 128 plus the number of the signal when one has ended it (130 for
Ctrl-C).`,
		Example: `  # A first try, in front of a server on port 3000
  reprint serve --origin http://127.0.0.1:3000

  # A post was edited
  reprint revalidate /posts/42

  # Why is this page old?
  reprint explain /posts/42`,
		SilenceErrors: true, // run reports them
		SilenceUsage:  true,
	}
	root.SetIn(g.in)
	root.SetOut(g.out)
	root.SetErr(g.err)
	root.PersistentFlags().BoolVar(&g.json, "json", false, "write JSON, for programs")
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	root.Version = thisBuild().String() // --version, as many try it first
	root.SetVersionTemplate("{{.Version}}\n")
	parent(root)

	root.AddGroup(
		&cobra.Group{ID: groupPages, Title: "Pages:"},
		&cobra.Group{ID: groupServer, Title: "Server:"},
		&cobra.Group{ID: groupSelf, Title: "This program:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupPages, revalidateCommand(g), pagesCommand(g), explainCommand(g), receiptCommand(g), receiptsCommand(g), eventsCommand(g), refillsCommand(g), scheduleCommand(g), prerenderCommand(g))
	add(groupPages, historyCommand(g), restoreCommand(g), releaseCommand(g), asideCommand(g))
	add(groupServer, serveCommand(g), statusCommand(g), configCommand(g))
	add(groupSelf, completionCommand(g), versionCommand(g))
	root.SetHelpCommandGroupID(groupSelf)
	root.SetHelpCommand(helpCommand(root))
	return root
}

// usageTemplate is the part of a command's help below its description.
const usageTemplate = `Usage:
  {{if .Annotations.alone}}{{.UseLine}}
  {{end}}{{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$all := .Commands}}{{if .Groups}}{{range $group := .Groups}}

{{.Title}}{{range $all}}{{if eq .GroupID $group.ID}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{else}}

Commands:{{range $all}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

More about a command: {{.CommandPath}} COMMAND --help{{end}}
`

// parent makes c a command that only holds others: to name none of them, or one
// that does not exist, is an error.
func parent(c *cobra.Command) {
	c.SuggestionsMinimumDistance = 2
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		message := fmt.Sprintf("there is no command %q", strings.TrimPrefix(c.CommandPath()+" "+args[0], "reprint "))
		return misuse(c, message, didYouMean(c.SuggestionsFor(args[0])))
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return misuse(c, "no command is given", "The commands are "+inWords(commandNames(c))+".")
	}
}

func commandNames(c *cobra.Command) []string {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "Show the help of a command",
		Example: `  reprint help revalidate
  reprint help config check`,
		GroupID: groupSelf,
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return misuse(c, fmt.Sprintf("there is no command %q", strings.Join(args, " ")), didYouMean(c.SuggestionsFor(rest[0])))
			}
			c.InitDefaultHelpFlag()
			c.InitDefaultVersionFlag()
			return c.Help()
		},
	}
}

// oneArg asks for exactly one argument, of which name is said in errors.
func oneArg(name, example string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return misuse(c, name+" is missing", "Give one, like: "+example)
		case len(args) > 1:
			return misuse(c, fmt.Sprintf("%s takes one %s, and %d are given", c.CommandPath(), name, len(args)), "Give one, like: "+example)
		}
		return nil
	}
}

// noArgs asks for no argument.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse(c, fmt.Sprintf("%s takes no argument, and %q is one", c.CommandPath(), args[0]), "")
	}
	return nil
}

// flagError is what a flag that cannot be parsed becomes.
func flagError(c *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return misuse(c, err.Error(), "")
	}
	name := unknown.GetSpecifiedName()
	if name == "token" {
		return misuse(c, "there is no flag --token, because everybody on the machine can read the arguments of a running program",
			"Set the environment variable REPRINT_TOKEN, or put the token into a file and name it with --token-file.")
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if near(name, f.Name) {
			names = append(names, "--"+f.Name)
		}
	})
	return misuse(c, err.Error(), didYouMean(names))
}

// didYouMean asks whether one of the names was meant; empty: there is none.
func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "Did you mean " + strings.Join(names, " or ") + "?"
}

// near reports whether typed is a slip of the pen for name: its beginning, or no
// more than two letters off.
func near(typed, name string) bool {
	if len(typed) > 1 && strings.HasPrefix(name, typed) {
		return true
	}
	return spell.Distance(typed, name) <= min(2, (len(name)+1)/2)
}

// inWords joins names as a sentence does: a, b and c.
func inWords(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
