package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// reprintAPI is the admin API of Reprint.
type reprintAPI struct {
	url   string // without a slash at the end
	token string
}

// revalidate returns nil when every visitor gets the new version of all pages
// with one of the tags.
func (a *reprintAPI) revalidate(ctx context.Context, tags ...string) error {
	// The edit is done: that its author closes the browser does not undo it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	body, err := json.Marshal(map[string]any{"tags": tags})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/v1/revalidate", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10)) // what has come is worth telling
		return fmt.Errorf("reprint answered %s: %s", res.Status, said)
	}
	return nil
}
