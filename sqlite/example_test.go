package sqlite_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/reprint-go/reprint"
	"github.com/reprint-go/reprint/sqlite"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	store, err := sqlite.Open(ctx, filepath.Join(dir, "reprint.db"), sqlite.Options{MaxBytes: 1 << 30})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	body := []byte("<h1>Hello</h1>")
	page := &reprint.Page{
		Key:    reprint.Key{Path: "/posts/42"},
		Status: 200,
		Body:   body,
		Sum:    sha256.Sum256(body),
		Tags:   []string{"post:42", "type:post"},
	}
	if _, err := store.Put(ctx, page); err != nil {
		log.Fatal(err)
	}
	for key, err := range store.Tagged(ctx, "type:post") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(key)
	}
	fmt.Println(store.Stats().Pages, "page")
	// Output:
	// /posts/42
	// 1 page
}
