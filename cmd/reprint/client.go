package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/reprint-go/reprint/admin"
	"github.com/reprint-go/reprint/config"
)

// Where a server is looked for when nothing says where it is, and the file that is
// read when no other is named.
const (
	defaultAdmin = "http://127.0.0.1:8081"
	defaultFile  = "reprint.yaml"
)

// clientFlags gives c the flags with which a server is found.
func (g *global) clientFlags(c *cobra.Command) {
	c.Flags().StringVar(&g.admin, "admin", "", "`URL` of the server's admin listener (reprint --help says where else it is looked for)")
	c.Flags().StringVar(&g.tokenFile, "token-file", "", "`FILE` that holds the token in its first line (default: REPRINT_TOKEN of the environment)")
	g.configFlag(c)
	// The files are completed as any others; an URL is not.
	_ = c.RegisterFlagCompletionFunc("admin", cobra.NoFileCompletions)
}

// remote is a running server and how it was found.
type remote struct {
	*admin.Client
	url        string
	file       string // the configuration file that named it; empty: none did
	tokenFrom  string // where the token is from, for errors; empty: there is none
	inProcess  bool   // no server can run as the file says: it has no admin listener
	configured *config.Config
}

// connect finds the server and returns a client of it. Nothing is sent yet.
func (g *global) connect() (*remote, error) {
	s, err := g.findServer()
	if err != nil {
		return nil, err
	}
	if s.inProcess {
		return nil, s.noListener()
	}
	return s, g.dial(s)
}

func (s *remote) noListener() error {
	return fail(s.file+" has no admin listener, so a server that runs with it cannot be reached",
		"Set admin.listen in it, or say where the server is with --admin.", nil)
}

// dial makes the client of s.
func (g *global) dial(s *remote) error {
	token, err := g.token(s)
	if err != nil {
		return err
	}
	if s.Client, err = admin.NewClient(s.url, token); err != nil {
		return &failure{message: err.Error(), status: exitMisuse, err: err}
	}
	return nil
}

// configFlag gives c the flag that names the configuration file.
func (g *global) configFlag(c *cobra.Command) {
	c.Flags().StringVar(&g.config, "config", "", "configuration `FILE` (default: ./"+defaultFile+", if there is one)")
}

// findServer says where the server is: the flag, the environment, the
// configuration file, the default.
func (g *global) findServer() (*remote, error) {
	if g.admin != "" {
		return &remote{url: g.admin}, nil
	}
	if at, _ := g.env("REPRINT_ADMIN"); at != "" {
		return &remote{url: at}, nil
	}
	file, err := g.configFile()
	if err != nil {
		return nil, err
	}
	if file == "" {
		return &remote{url: defaultAdmin}, nil
	}
	c, err := config.Load(file, g.env)
	if err != nil {
		return nil, &configError{err: err, fix: "Correct it, or say where the server is with --admin and REPRINT_TOKEN."}
	}
	s := &remote{file: file, configured: c}
	if c.Admin.Listen == "" {
		s.inProcess = true
		return s, nil
	}
	s.url = "http://" + reachable(c.Admin.Listen)
	return s, nil
}

// configFile is the file that a command reads: the one that is named, or
// reprint.yaml if there is one. Empty: there is none.
func (g *global) configFile() (string, error) {
	if g.config != "" {
		return g.config, nil
	}
	switch _, err := os.Stat(defaultFile); {
	case err == nil:
		return defaultFile, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	default:
		return "", fmt.Errorf("look for %s: %w", defaultFile, err)
	}
}

// reachable is the address to call a listener at that may listen on all of the
// machine's.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if host == "" {
		host = "127.0.0.1"
	}
	switch address, err := netip.ParseAddr(host); {
	case err != nil: // a name
	case address == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case address == netip.IPv6Unspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}

// token returns the secret to present to s; empty: none is known.
func (g *global) token(s *remote) (string, error) {
	if g.tokenFile != "" {
		s.tokenFrom = g.tokenFile
		return readToken(g.tokenFile)
	}
	if token, _ := g.env("REPRINT_TOKEN"); token != "" {
		s.tokenFrom = "REPRINT_TOKEN"
		return token, nil
	}
	if s.configured != nil {
		for _, t := range s.configured.Admin.Tokens {
			for _, secret := range t.Secrets {
				s.tokenFrom = fmt.Sprintf("the token %q of %s", t.Name, s.file)
				return secret, nil
			}
		}
	}
	return "", nil
}

// readToken reads the first line of a file.
func readToken(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fail("the token cannot be read: "+err.Error(), "Name a file that holds the token in its first line.", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	token := strings.TrimSpace(lines.Text())
	if err := lines.Err(); err != nil || token == "" {
		return "", fail("there is no token in the first line of "+file, "Write the secret of one of admin.tokens into it.", err)
	}
	return token, nil
}

// unreachable reports whether err says that nobody listens where the server
// should.
func unreachable(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// failed makes an error of a call to s one for people. Nil stays nil.
func (s *remote) failed(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if answer, ok := errors.AsType[*admin.APIError](err); ok {
		return s.refused(answer)
	}
	if unreachable(err) {
		why := "it cannot be reached"
		if errors.Is(err, syscall.ECONNREFUSED) {
			why = "nobody listens there"
		}
		fix := "Start one with: reprint serve\nOr say where it is, with --admin URL or REPRINT_ADMIN."
		if s.file != "" {
			fix = fmt.Sprintf("That is admin.listen of %s. Start the server with: reprint serve --config %s\nOr say where it is, with --admin URL or REPRINT_ADMIN.", s.file, s.file)
		}
		return fail(fmt.Sprintf("no server answers at %s: %s", s.url, why), fix, err)
	}
	if call, ok := errors.AsType[*url.Error](err); ok {
		return fail(fmt.Sprintf("the call to %s has failed: %v", s.url, call.Err), "Is it the admin listener of a Reprint server, and does it still run?", err)
	}
	return fail(err.Error(), "", err)
}

// refused is failed for an answer that is not a success.
func (s *remote) refused(e *admin.APIError) error {
	f := &failure{message: e.Answer.Message, fix: sentence(e.Answer.Fix), err: e}
	if f.message == "" {
		f.message = "the server answers " + strings.TrimRight(e.Error(), ": ")
	}
	switch e.Status {
	case 400:
		f.status = exitMisuse
	case 401:
		if s.tokenFrom == "" {
			f.message = "the server at " + s.url + " asks for a token"
			f.fix = "Set REPRINT_TOKEN to the secret of one of its admin.tokens, or put it into a file and name that with --token-file."
		} else {
			f.message = "the server at " + s.url + " does not know the token"
			f.fix = "The token is that of " + s.tokenFrom + ". It must be a secret of the server's admin.tokens."
		}
	case 403:
		if f.fix == "" {
			f.fix = "Use a token that may do this; see actions, paths, tags and hosts under admin.tokens."
		}
	case 409:
		f.fix = "To know what it means: add --dry-run\nTo do it all the same: add --confirm"
	case 404:
		if e.Answer.Nearest != "" && !strings.Contains(f.message+f.fix, e.Answer.Nearest) {
			f.fix = strings.TrimSpace(f.fix + "\nThe nearest route is " + e.Answer.Nearest + ".")
		}
	}
	f.fix = strings.TrimSpace(f.fix + "\n" + tryAgain(e.RetryAfter))
	return f
}

// tryAgain says when to try again; empty: the server did not say it.
func tryAgain(after time.Duration) string {
	if after <= 0 {
		return ""
	}
	return "Try again in " + roughly(max(after, time.Second)) + "."
}

// sentence makes one of text that stands for itself.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	first, n := utf8.DecodeRuneInString(text)
	if next, _ := utf8.DecodeRuneInString(text[n:]); !unicode.IsUpper(next) {
		text = string(unicode.ToUpper(first)) + text[n:]
	}
	if last, _ := utf8.DecodeLastRuneInString(text); unicode.IsLetter(last) || unicode.IsDigit(last) || last == ')' {
		text += "."
	}
	return text
}
