package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const docsFile = "../../docs/cli.md"

// TestDocs compares docs/cli.md with the commands. After a change of theirs:
// go test ./cmd/reprint -run TestDocs -update
func TestDocs(t *testing.T) {
	want := document(rootCommand(system()))
	if *update {
		if err := os.WriteFile(docsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/cli.md is not what the commands say at %q; run: go test ./cmd/reprint -run TestDocs -update", firstDifference(string(got), want))
	}
}

func firstDifference(got, want string) string {
	lines := strings.Split(got, "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(lines) || lines[i] != line {
			return line
		}
	}
	return "its end"
}

// document is the manual of a command and of those below it, as Markdown.
func document(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# The command line\n\n<!-- Written by: go test ./cmd/reprint -run TestDocs -update -->\n\n")
	b.WriteString("| command | |\n|---|---|\n")
	for _, c := range below(root) {
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", c.CommandPath(), anchor(c), c.Short)
	}
	describe(&b, root)
	for _, c := range below(root) {
		describe(&b, c)
	}
	return b.String()
}

// below returns the commands under c that do something, each before its own.
func below(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(append(all, sub), below(sub)...)
		}
	}
	return all
}

func anchor(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

func describe(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n", c.CommandPath())
	usage := c.UseLine()
	if c.HasAvailableSubCommands() {
		usage = c.CommandPath() + " COMMAND"
		if c.Annotations["alone"] != "" {
			usage = c.UseLine() + "\n" + usage
		}
	}
	fmt.Fprintf(b, "```text\n%s\n```\n", usage)
	for paragraph := range strings.SplitSeq(cmp.Or(c.Long, c.Short+"."), "\n\n") {
		if strings.Contains(paragraph, "\n  ") { // lines that are to stand as they are
			paragraph = "```text\n" + paragraph + "\n```"
		}
		fmt.Fprintf(b, "\n%s\n", paragraph)
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\nExamples:\n\n```sh\n%s\n```\n", outdent(c.Example))
	}
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	if flags := c.LocalFlags().FlagUsages(); flags != "" {
		fmt.Fprintf(b, "\nFlags:\n\n```text\n%s```\n", flags)
	}
}

// outdent takes away the two spaces with which help shows examples.
func outdent(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

// TestEveryCommandHasHelp holds each command to what its help owes a reader.
func TestEveryCommandHasHelp(t *testing.T) {
	root := rootCommand(system())
	for _, c := range append(below(root), root) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: the short description is a phrase without a full stop, not %q", c.CommandPath(), c.Short)
		}
		if !strings.Contains(c.Example, "reprint") {
			t.Errorf("%s: the help has no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Long + "\n" + c.Example) {
			if len(strings.TrimRight(line, "\n")) > 84 {
				t.Errorf("%s: a line of the help is wider than a terminal: %s", c.CommandPath(), line)
			}
		}
	}
}

// TestExamplesAreTrue parses the arguments of each example: its command exists, and
// so do its flags.
func TestExamplesAreTrue(t *testing.T) {
	examples := 0
	for _, c := range append(below(rootCommand(system())), rootCommand(system())) {
		for line := range strings.Lines(c.Example) {
			args := exampleArgs(line)
			if args == nil {
				continue
			}
			examples++
			found, rest, err := rootCommand(system()).Find(args)
			if err != nil {
				t.Errorf("%s: %s: %v", c.CommandPath(), line, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%s: %s: %v", c.CommandPath(), line, err)
				continue
			}
			if err := found.ValidateArgs(found.Flags().Args()); err != nil || !found.Runnable() || found.HasSubCommands() && found.Annotations["alone"] == "" {
				t.Errorf("%s: %s: it is no use of the command (%v)", c.CommandPath(), line, err)
			}
		}
	}
	if examples < 20 {
		t.Errorf("only %d examples were found", examples)
	}
}

// exampleArgs returns the arguments of the reprint command in a line of a shell;
// nil: there is none.
func exampleArgs(line string) []string {
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return nil
	}
	_, line, found := strings.Cut(strings.ReplaceAll(line, "<(reprint", " reprint"), "reprint ")
	if !found {
		return nil
	}
	if end := strings.IndexAny(line, "|>)"); end >= 0 {
		line = line[:end]
	}
	return strings.Fields(line)
}
