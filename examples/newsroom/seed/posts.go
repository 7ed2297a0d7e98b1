package seed

import (
	"embed"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/reprint-go/reprint/examples/newsroom/content"
)

// draft is a post before it has a date.
type draft struct {
	section, title, summary, body string
	author                        int64
}

//go:embed posts/*.md
var articles embed.FS

// front lists the articles that lead the paper, the newest first; the others
// are older and lie between the columns.
var front = []string{"bell", "wave", "ferry", "seal", "printer", "pie", "clock", "foghorn", "pilot", "library", "terns", "generator"}

// posts returns all posts, the oldest first.
func posts(rng *rand.Rand, now time.Time) ([]*content.Post, error) {
	leading, rest, err := readArticles()
	if err != nil {
		return nil, err
	}
	columns := composeColumns(rng)
	every := len(columns)/len(rest) + 1
	var drafts []draft
	for i, column := range columns {
		if i%every == every/2 {
			drafts = append(drafts, rest[i/every])
		}
		drafts = append(drafts, column)
	}
	drafts = append(drafts, leading...)
	return dated(rng, drafts, now), nil
}

// composeColumns returns the regular columns as they take turns.
func composeColumns(rng *rand.Rand) []draft {
	columns := [][]draft{composeHarbourLogs(rng), composeCouncil(rng), composeRecipes(rng), composeDiary(rng), composeReviews(rng), composeLetters(rng)}
	var turns []draft
	for week := range harbourLogs {
		for _, column := range columns {
			if week < len(column) {
				turns = append(turns, column[week])
			}
		}
	}
	return turns
}

// dated gives the drafts the past dates on which they came out, the last a few
// hours ago.
func dated(rng *rand.Rand, drafts []draft, now time.Time) []*content.Post {
	at := now.Truncate(time.Minute)
	posts := make([]*content.Post, len(drafts))
	for i := len(drafts) - 1; i >= 0; i-- {
		at = at.Add(-time.Duration(2+rng.IntN(46)) * time.Hour).Add(-time.Duration(rng.IntN(60)) * time.Minute)
		d := drafts[i]
		posts[i] = &content.Post{
			Item:      content.Item{Topic: d.section, Title: d.title, Summary: d.summary, Body: strings.TrimSpace(d.body), Visible: true},
			AuthorID:  d.author,
			Published: at,
		}
	}
	return posts
}

// readArticles reads the articles that are written out in full. The leading ones
// come oldest first.
func readArticles() (leading, rest []draft, err error) {
	names, err := fs.Glob(articles, "posts/*.md")
	if err != nil {
		return nil, nil, fmt.Errorf("list articles: %w", err)
	}
	byName := make(map[string]draft)
	for _, name := range names {
		text, err := articles.ReadFile(name)
		if err != nil {
			return nil, nil, fmt.Errorf("read article: %w", err)
		}
		d, err := parseArticle(string(text))
		if err != nil {
			return nil, nil, fmt.Errorf("article %s: %w", name, err)
		}
		byName[strings.TrimSuffix(path.Base(name), ".md")] = d
	}
	for _, name := range front {
		leading = append([]draft{byName[name]}, leading...)
		delete(byName, name)
	}
	for _, name := range names {
		if d, ok := byName[strings.TrimSuffix(path.Base(name), ".md")]; ok {
			rest = append(rest, d)
		}
	}
	return leading, rest, nil
}

// parseArticle reads "name: value" lines, an empty line, and the body.
func parseArticle(text string) (draft, error) {
	head, body, ok := strings.Cut(text, "\n\n")
	if !ok {
		return draft{}, fmt.Errorf("no empty line between head and body")
	}
	fields := make(map[string]string)
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.TrimSpace(value)
	}
	author, err := strconv.ParseInt(fields["author"], 10, 64)
	if err != nil {
		return draft{}, fmt.Errorf("author: %w", err)
	}
	return draft{section: fields["section"], author: author, title: fields["title"], summary: fields["summary"], body: body}, nil
}
