package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// style is how a scalar is written.
type style int

const (
	styleText   style = iota
	styleNumber       // 16, 0.5
	styleFlag         // true
)

// entriesOf returns the entries of a mapping.
func entriesOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// hasColon reports whether an entry is more than a key: {a} is read as {a: }.
func hasColon(e *ast.MappingValueNode) bool {
	return e.Start != nil && e.Start.Type == token.MappingValueType
}

// keyOf returns the name of an entry and its place.
func keyOf(e *ast.MappingValueNode) (name string, at Pos) {
	t := e.Key.GetToken()
	if t == nil {
		return "", Pos{1, 1}
	}
	return t.Value, posOf(t)
}

// nodePos returns the place where a node begins; other is that of what it belongs
// to, for a node that is not there.
func nodePos(n ast.Node, other Pos) Pos {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			_, at := keyOf(n.Values[0])
			return at
		}
	case *ast.MappingValueNode:
		_, at := keyOf(n)
		return at
	case *ast.LiteralNode:
		return posOf(n.Start)
	case *ast.NullNode, nil:
		return other
	}
	if t := n.GetToken(); t != nil {
		return posOf(t)
	}
	return other
}

func isNull(n ast.Node) bool {
	if n == nil {
		return true
	}
	_, null := n.(*ast.NullNode)
	return null
}

// scalarOf returns the text of a value without parts, as it is in the file.
func scalarOf(n ast.Node) (text string, s style, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, styleText, true
	case *ast.LiteralNode:
		if n.Value == nil {
			return "", styleText, true
		}
		return n.Value.Value, styleText, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, styleNumber, true
	case *ast.BoolNode:
		return n.Token.Value, styleFlag, true
	}
	return "", 0, false
}

// scalarToken returns the token that holds the text of a scalar, or nil.
func scalarToken(n ast.Node) *token.Token {
	if l, ok := n.(*ast.LiteralNode); ok {
		if l.Value == nil {
			return nil
		}
		return l.Value.Token
	}
	if _, _, ok := scalarOf(n); ok {
		return n.GetToken()
	}
	return nil
}

// formOf names the form of a node.
func formOf(n ast.Node) string {
	if _, ok := entriesOf(n); ok {
		return "a mapping"
	}
	if _, ok := n.(*ast.SequenceNode); ok {
		return "a list"
	}
	if _, _, ok := scalarOf(n); ok {
		return "one value"
	}
	return "of another form"
}

// hideScalars keeps every comment out of excerpts, and every scalar that is not
// shown.
func hideScalars(tokens token.Tokens, s *source, shown map[*token.Token]bool) {
	for i, t := range tokens {
		if t.Type == token.CommentType {
			at := posOf(t)
			s.hide(span{at, Pos{at.Line + 1, 1}, true})
		}
		if !isScalar(t) || shown[t] {
			continue
		}
		from := Pos{1, 1}
		if i > 0 {
			from = afterToken(tokens[i-1])
		}
		to := Pos{len(s.lines) + 1, 1}
		if i+1 < len(tokens) {
			to = posOf(tokens[i+1])
		}
		s.hide(span{from, to, false})
	}
}

// afterToken returns the place behind a token of one line.
func afterToken(t *token.Token) Pos {
	at := posOf(t)
	at.Column += len([]rune(strings.TrimSpace(t.Origin)))
	return at
}

func isScalar(t *token.Token) bool {
	switch t.Type {
	case token.StringType, token.SingleQuoteType, token.DoubleQuoteType, token.InvalidType, token.UnknownType,
		token.IntegerType, token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType,
		token.FloatType, token.InfinityType, token.NanType, token.BoolType, token.NullType:
		return true
	}
	return false
}
