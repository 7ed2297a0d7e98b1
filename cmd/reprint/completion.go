package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func completionCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "completion",
		Short: "Print a script with which a shell completes commands and flags",
		Example: `  # bash, for this session
  source <(reprint completion bash)

  # zsh, for every session
  reprint completion zsh >"${fpath[1]}/_reprint"

  # fish, for every session
  reprint completion fish >~/.config/fish/completions/reprint.fish`,
	}
	parent(c)
	for _, shell := range []struct {
		name, load string
		script     func(root *cobra.Command) error
	}{
		{"bash", "  source <(reprint completion bash)", func(root *cobra.Command) error { return root.GenBashCompletionV2(g.out, true) }},
		{"zsh", "  source <(reprint completion zsh)", func(root *cobra.Command) error { return root.GenZshCompletion(g.out) }},
		{"fish", "  reprint completion fish | source", func(root *cobra.Command) error { return root.GenFishCompletion(g.out, true) }},
	} {
		c.AddCommand(&cobra.Command{
			Use:     shell.name,
			Short:   fmt.Sprintf("Print the completion script of %s", shell.name),
			Example: shell.load,
			Args:    noArgs,
			RunE:    func(c *cobra.Command, _ []string) error { return shell.script(c.Root()) },
		})
	}
	return c
}
