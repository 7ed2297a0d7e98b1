package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"net/url"

	"github.com/reprint-go/reprint"
)

// revalidate is the API route. Each comment is the line of the original that
// stands for what follows.
func revalidate(site *reprint.Site, token string) http.HandlerFunc {
	// export default async function handler(req, res) {
	return func(w http.ResponseWriter, r *http.Request) {
		// // Check for secret token to secure the API
		// if (req.query.secret !== process.env.MY_SECRET_TOKEN) {
		if !same(r.URL.Query().Get("secret"), token) {
			// return res.status(401).json({ message: 'Invalid token' }); }
			reply(w, http.StatusUnauthorized, `{"message":"Invalid token"}`)
			return
		}

		// const postId = req.query.id;
		postID := r.URL.Query().Get("id")
		// if (!postId) {
		if postID == "" {
			// return res.status(400).json({ message: 'Post ID is required' }); }
			reply(w, http.StatusBadRequest, `{"message":"Post ID is required"}`)
			return
		}

		// try {
		// // Revalidate the page for the given post ID
		// await res.revalidate(`/posts/${postId}`);
		if err := site.Revalidate(r.Context(), "/posts/"+url.PathEscape(postID)); err != nil {
			// } catch (err) { return res.status(500).json({ message: 'Error revalidating' }); } }
			reply(w, http.StatusInternalServerError, `{"message":"Error revalidating"}`)
			return
		}
		// return res.json({ revalidated: true });
		reply(w, http.StatusOK, `{"revalidated":true}`)
	}
}

// same compares digests, which have one length, in a time that does not tell how
// much of a guess was right. !== does tell.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// An error means that the caller has gone, and there is nobody else to tell.
	_, _ = io.WriteString(w, body)
}
