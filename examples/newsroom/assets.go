package main

import (
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"github.com/reprint-go/reprint/examples/newsroom/art"
)

// assets serves style sheet, scripts and pictures under /assets/.
func assets() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/art/{name}", picture)
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := "assets/" + r.PathValue("name")
		if _, err := fs.Stat(files, name); err != nil {
			http.NotFound(w, r)
			return
		}
		// The address changes with the content, see functions.
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeFileFS(w, r, files, name)
	})
	return mux
}

// picture draws /assets/art/Harbour-42.svg.
func picture(w http.ResponseWriter, r *http.Request) {
	topic, number, _ := strings.Cut(strings.TrimSuffix(r.PathValue("name"), ".svg"), "-")
	id, err := strconv.ParseInt(number, 10, 64)
	svg, ok := art.SVG(topic, id)
	if err != nil || !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Write(svg)
}
