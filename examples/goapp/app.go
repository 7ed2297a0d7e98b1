package main

import (
	"bytes"
	"context"
	"encoding/json"
	"html/template"
	"log"
	"net/http"
	"strconv"
	"time"
)

// app is the application.
type app struct {
	posts   *posts
	slow    time.Duration // what a page takes
	reprint *reprintAPI   // nil: nobody is told of edits
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.list)
	mux.HandleFunc("GET /posts/{id}", a.show)
	mux.HandleFunc("GET /posts/{id}/edit", a.edit)
	mux.HandleFunc("POST /posts/{id}/edit", a.saveForm)
	mux.HandleFunc("PUT /posts/{id}", a.saveJSON)
	mux.HandleFunc("DELETE /posts/{id}", a.remove)
	// The form is sent by pages of this site and by no others.
	return http.NewCrossOriginProtection().Handler(mux)
}

// list is the page of all posts. It depends on each of them, so it is not tagged
// with their numbers but with their kind.
func (a *app) list(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(a.slow)
	w.Header().Set("Cache-Tag", "type:post")
	render(w, "list", a.posts.all())
}

// show is the page of one post.
func (a *app) show(w http.ResponseWriter, r *http.Request) {
	time.Sleep(a.slow)
	one, ok := a.posts.get(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Tag", "post:"+one.ID+", author:"+one.Author)
	render(w, "post", one)
}

func (a *app) edit(w http.ResponseWriter, r *http.Request) {
	one, ok := a.posts.get(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	render(w, "edit", one)
}

func (a *app) saveForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPost)
	one := post{ID: r.PathValue("id"), Title: r.FormValue("title"), Text: r.FormValue("text"), Author: r.FormValue("author")}
	if a.save(w, r, one) {
		http.Redirect(w, r, "/posts/"+one.ID, http.StatusSeeOther)
	}
}

func (a *app) saveJSON(w http.ResponseWriter, r *http.Request) {
	one := post{Author: "ann"}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPost)).Decode(&one); err != nil {
		http.Error(w, "not a post: "+err.Error(), http.StatusBadRequest)
		return
	}
	one.ID = r.PathValue("id")
	if a.save(w, r, one) {
		w.WriteHeader(http.StatusNoContent)
	}
}

const maxPost = 1 << 20 // bytes

// save stores a post and tells Reprint. It reports whether both were done, and
// has answered if not.
func (a *app) save(w http.ResponseWriter, r *http.Request, one post) bool {
	if n, err := strconv.Atoi(one.ID); err != nil || n < 1 || one.Title == "" {
		http.Error(w, "a post has a number and a title", http.StatusBadRequest)
		return false
	}
	a.posts.put(one)
	return a.changed(r.Context(), w, one.ID)
}

func (a *app) remove(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !a.posts.remove(id) {
		http.NotFound(w, r)
		return
	}
	if a.changed(r.Context(), w, id) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// changed is called when a post is stored, and no lock or transaction is held:
// Reprint asks for the pages before it answers. It reports whether visitors see
// the change now, and has answered if not.
func (a *app) changed(ctx context.Context, w http.ResponseWriter, id string) bool {
	if a.reprint == nil {
		return true
	}
	if err := a.reprint.revalidate(ctx, "post:"+id, "type:post"); err != nil {
		log.Printf("a post is stored, but its pages may be old: %v", err)
		http.Error(w, "The post is stored, but visitors may still see the old one. Save it again.", http.StatusBadGateway)
		return false
	}
	return true
}

func render(w http.ResponseWriter, name string, data any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, data); err != nil {
		log.Printf("page %s: %v", name, err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // who asked may have left
}

var templates = template.Must(template.New("").Parse(`
{{- define "list"}}<!doctype html>
<title>Posts</title>
<h1>Posts</h1>
<ul>
{{range .}}<li><a href="/posts/{{.ID}}">{{.Title}}</a></li>
{{end}}</ul>
{{end}}

{{- define "post"}}<!doctype html>
<title>{{.Title}}</title>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
<p>By {{.Author}} · <a href="/posts/{{.ID}}/edit">edit</a> · <a href="/">all posts</a></p>
{{end}}

{{- define "edit"}}<!doctype html>
<title>Edit {{.Title}}</title>
<form method="post">
<p><label>Title <input name="title" value="{{.Title}}" required></label></p>
<p><label>Text <textarea name="text">{{.Text}}</textarea></label></p>
<input type="hidden" name="author" value="{{.Author}}">
<p><button>Save</button></p>
</form>
{{end}}`))
