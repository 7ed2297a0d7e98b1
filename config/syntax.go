package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds on the form of a file. The parser needs time and stack that rise faster
// than both, and no configuration comes near them.
const (
	maxDepth = 32   // of mappings and lists inside each other
	maxKeys  = 1000 // of one mapping
)

// document is a file that is YAML.
type document struct {
	tokens token.Tokens
	root   ast.Node // nil: there is nothing in it
}

// parseYAML reads the text of a file. A fault of syntax is the only one that is
// reported: what follows it could mean anything.
func parseYAML(text string, fs *faults) *document {
	tokens := lexer.Tokenize(text)
	if checkTokens(tokens, fs); len(fs.all) > 0 {
		return nil
	}
	file, err := parseTokens(tokens)
	if err != nil {
		var syntax yaml.Error
		if !errors.As(err, &syntax) {
			fs.add(Pos{1, 1}, "", "the file is not YAML: %v", err)
			return nil
		}
		fs.add(posOf(syntax.GetToken()), "", "%s", syntaxMessage(syntax.GetMessage()))
		return nil
	}
	d := &document{tokens: tokens}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			d.root = doc.Body
		}
	}
	if t := d.leftOut(); t != nil {
		fs.add(posOf(t), "", "this belongs to nothing; is there a comma missing, or a quote?")
		return nil
	}
	fs.source.broken = false
	return d
}

// leftOut returns a token that is in the file and not in the tree, or nil. The
// parser reads {a: b c: d} as {a: d}, and what a reader sees must not be lost.
func (d *document) leftOut() *token.Token {
	read := make(map[*token.Token]bool)
	if d.root != nil {
		collectTokens(d.root, read)
	}
	for _, t := range d.tokens {
		if isScalar(t) && !read[t] {
			return t
		}
	}
	return nil
}

// collectTokens adds the tokens of all keys and values below a node.
func collectTokens(n ast.Node, read map[*token.Token]bool) {
	if entries, ok := entriesOf(n); ok {
		for _, e := range entries {
			read[e.Key.GetToken()] = true
			collectTokens(e.Value, read)
		}
		return
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		for _, item := range list.Values {
			collectTokens(item, read)
		}
		return
	}
	if null, ok := n.(*ast.NullNode); ok {
		read[null.Token] = true
	} else if t := scalarToken(n); t != nil {
		read[t] = true
	}
}

// parseTokens turns a panic of the parser into an error: a file must not be able
// to end the program that reads it again at SIGHUP.
func parseTokens(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the parser cannot make sense of it")
		}
	}()
	// Keys that are there twice are found later, with all others.
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// syntaxHints says what to write for what the parser complains about most. The
// messages of the parser are for those who know YAML well.
var syntaxHints = []struct{ message, hint string }{
	{"mapping value is not allowed in this context", `there is a ": " inside a value, or the next line is indented too far; put the value in quotes, or align the line with the key above`},
	{"',' or ']' must be specified", `a "," or "]" is missing; a value inside [ ] that holds { }, [ ] or a comma must be in quotes: ["/posts/{id}"]`},
	{"',' or '}' must be specified", `a "," or "}" is missing; a value that begins with "{" must be in quotes`},
	{"sequence end token ']' not found", `the "[" is never closed; write "]" at the end of the list`},
	{"could not find flow mapping end token '}'", `the "{" is never closed; write "}" at the end`},
	{"could not find '[' character corresponding to ']'", `there is a "]" without a "["; a value that begins with "]" must be in quotes`},
	{"could not find '{' character corresponding to '}'", `there is a "}" without a "{"; a value that begins with "}" must be in quotes`},
	{"could not find end character of", `the quote is never closed; write the same quote at the end of the value`},
	{"value is not allowed in this context", `this does not belong here; is the line indented like those beside it, and a value that begins with [, {, " or ' wholly in quotes?`},
	{"block sequence entries are not allowed in this context", `a list begins on the line below its key; or write it in one line: [a, b]`},
	{"non-map value is specified", `there is no key; write "key: value", with a space after the colon`},
	{"unexpected key name", `there is no key; write "key: value", with a space after the colon`},
	{"is a reserved character", `a value cannot begin with this character; put it in quotes`},
	{"found unknown escape character", `the backslash begins an escape that does not exist; write \\ for a backslash, or use single quotes`},
	{"unexpected scalar value type", `a value is missing here; remove the comma, or write the value in quotes`},
	{"value cannot be placed after document separator", `nothing can stand on the line of "---"; go on below it`},
	{"invalid header option", `after "|" or ">" the text begins on the next line; put a value that begins with this character in quotes`},
}

func syntaxMessage(message string) string {
	for _, h := range syntaxHints {
		if strings.Contains(message, h.message) {
			return h.hint
		}
	}
	return fmt.Sprintf("the line is not YAML (%s); is it indented like those beside it?", message)
}

// posOf returns the place of a token.
func posOf(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{1, 1}
	}
	return Pos{t.Position.Line, t.Position.Column}
}

// checkTokens reports what YAML has and a configuration does not: it would let a
// file mean something else than it seems to, or have no end.
func checkTokens(tokens token.Tokens, fs *faults) {
	var nest nesting
	for i, t := range tokens {
		switch t.Type {
		case token.AnchorType:
			fs.add(posOf(t), "", `an anchor; write the values out, or put a value that begins with "&" in quotes`)
		case token.AliasType:
			fs.add(posOf(t), "", `an alias; write the values out, or put a value that begins with "*" in quotes: "*"`)
		case token.MergeKeyType:
			fs.add(posOf(t), "", `a merge key; write the keys out`)
		case token.TagType:
			fs.add(posOf(t), "", `a YAML tag; leave it out, or put a value that begins with "!" in quotes`)
		case token.DirectiveType:
			fs.add(posOf(t), "", `a YAML directive; leave it out, or put a value that begins with "%%" in quotes`)
		case token.MappingKeyType:
			fs.add(posOf(t), "", `a "?" as the mark of a key; write "key: value"`)
		case token.DocumentHeaderType:
			if hasContent(tokens[:i]) {
				fs.add(posOf(t), "", `a second document begins; one file holds one configuration, several sites are listed under "sites"`)
			}
		case token.DocumentEndType:
			if hasContent(tokens[i+1:]) {
				fs.add(posOf(t), "", `the document ends here and the file goes on; remove the "..."`)
			}
		case token.StringType:
			checkPlain(t, fs)
		}
		if fault := nest.step(t); fault != "" {
			fs.add(posOf(t), "", "%s", fault)
			return
		}
	}
}

// hasContent reports whether there is a token that is no comment.
func hasContent(tokens token.Tokens) bool {
	return slices.ContainsFunc(tokens, func(t *token.Token) bool { return t.Type != token.CommentType })
}

// checkPlain reports a value without quotes that means something else than it
// seems to: of several lines, which YAML joins whatever the indentation was meant
// to say, or with a key in it.
func checkPlain(t *token.Token, fs *faults) {
	if isBlockText(t) {
		return
	}
	text := strings.TrimSpace(t.Origin)
	if strings.Contains(t.Value, ": ") {
		// The parser lets it pass between braces, where a comma was forgotten.
		fs.add(posOf(t), "", `there is a ": " inside a value; write a comma before the next key, or put the value in quotes`)
		return
	}
	if first, _, several := strings.Cut(text, "\n"); several {
		at := startOf(t, strings.TrimSpace(first), strings.Count(text, "\n"), fs.source)
		if noSpace.MatchString(first) {
			fs.add(at, "", "there is no space after the colon; write \"key: value\"")
			return
		}
		fs.add(at, "", "the value goes on in the next line; is that line indented too far? If it is meant, put the value in quotes")
	}
}

// noSpace is a key whose value follows at once.
var noSpace = regexp.MustCompile(`^[A-Za-z]+:\S`)

// startOf returns where a value of several lines begins, whose token says where it
// begins or where it ends.
func startOf(t *token.Token, first string, breaks int, s *source) Pos {
	at := s.clamp(posOf(t))
	for line := max(1, at.Line-breaks); line <= at.Line; line++ {
		if before, _, found := strings.Cut(s.lines[line-1], first); found {
			return Pos{line, utf8.RuneCountInString(before) + 1}
		}
	}
	return at
}

// isBlockText reports whether t is the text below "|" or ">".
func isBlockText(t *token.Token) bool {
	p := t.Prev
	for p != nil && p.Type == token.CommentType {
		p = p.Prev
	}
	return p != nil && (p.Type == token.LiteralType || p.Type == token.FoldedType)
}

// nesting follows how deep mappings and lists are inside each other.
type nesting struct{ levels []level }

// level is one mapping or list that is open: in braces or brackets, or by the
// column in which its entries begin.
type level struct {
	flow         bool
	column, keys int
}

// step takes one token and returns what is too much, or "".
func (n *nesting) step(t *token.Token) string {
	switch t.Type {
	case token.MappingStartType, token.SequenceStartType:
		n.levels = append(n.levels, level{flow: true})
	case token.MappingEndType, token.SequenceEndType:
		n.closeFlow()
	case token.SequenceEntryType:
		n.open(t.Position.Column)
	case token.MappingValueType:
		column := t.Position.Column
		if t.Prev != nil && t.Prev.Position.Line == t.Position.Line {
			column = t.Prev.Position.Column
		}
		l := n.open(column)
		if l.keys++; l.keys > maxKeys {
			return fmt.Sprintf("more than %d keys in one mapping; is it the right file?", maxKeys)
		}
	}
	if len(n.levels) > maxDepth {
		return fmt.Sprintf("more than %d mappings and lists inside each other; is it the right file?", maxDepth)
	}
	return ""
}

func (n *nesting) closeFlow() {
	for len(n.levels) > 0 {
		last := n.levels[len(n.levels)-1]
		n.levels = n.levels[:len(n.levels)-1]
		if last.flow {
			return
		}
	}
}

// open returns the mapping or list of which an entry begins in a column, and
// leaves those that ended before it.
func (n *nesting) open(column int) *level {
	for len(n.levels) > 0 {
		last := n.levels[len(n.levels)-1]
		if last.flow || last.column <= column {
			break
		}
		n.levels = n.levels[:len(n.levels)-1]
	}
	if last := len(n.levels) - 1; last < 0 || !n.levels[last].flow && n.levels[last].column < column {
		n.levels = append(n.levels, level{column: column})
	}
	return &n.levels[len(n.levels)-1]
}
