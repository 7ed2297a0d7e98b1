package main

import (
	"maps"
	"slices"
	"strconv"
	"sync"
)

// post is what the application knows of a post.
type post struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Text   string `json:"text"`
	Author string `json:"author"`
}

// posts is the application's data. It is safe for concurrent use.
type posts struct {
	mu   sync.Mutex
	byID map[string]post // guarded by mu
}

func newPosts() *posts {
	return &posts{byID: map[string]post{
		"1":  {"1", "Hello", "The first post.", "ann"},
		"2":  {"2", "Bread", "Flour, water, salt and time.", "ben"},
		"42": {"42", "The answer", "It was the question that was missing.", "ann"},
	}}
}

func (p *posts) get(id string) (post, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.byID[id]
	return one, ok
}

// all returns the posts by number.
func (p *posts) all() []post {
	p.mu.Lock()
	defer p.mu.Unlock()
	number := func(one post) int {
		n, _ := strconv.Atoi(one.ID) // put takes no others
		return n
	}
	return slices.SortedFunc(maps.Values(p.byID), func(a, b post) int { return number(a) - number(b) })
}

func (p *posts) put(one post) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byID[one.ID] = one
}

// remove reports whether there was such a post.
func (p *posts) remove(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, there := p.byID[id]
	delete(p.byID, id)
	return there
}
