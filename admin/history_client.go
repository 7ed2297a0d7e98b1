package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/reprint-go/reprint"
)

// Versions lists the earlier versions of the pages of a path: what was refused first, then
// what was served, the newest first.
func (c *Client) Versions(ctx context.Context, path string) (*VersionList, error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/versions", url.Values{"path": {path}}, nil)
	return decoded[VersionList](body, err)
}

// Version returns a version with its body.
func (c *Client) Version(ctx context.Context, id int64) (*Version, error) {
	body, err := c.do(ctx, http.MethodGet, versionPath(id), nil, nil)
	return decoded[Version](body, err)
}

// DropVersion forgets a version, and returns what it was, without its body.
func (c *Client) DropVersion(ctx context.Context, id int64) (*Version, error) {
	body, err := c.do(ctx, http.MethodDelete, versionPath(id), nil, nil)
	return decoded[Version](body, err)
}

// Diff compares a version with another one; to zero: with the page as it is now.
func (c *Client) Diff(ctx context.Context, from, to int64) (*VersionDiff, error) {
	query := url.Values{"from": {strconv.FormatInt(from, 10)}}
	if to != 0 {
		query.Set("to", strconv.FormatInt(to, 10))
	}
	body, err := c.do(ctx, http.MethodGet, "/v1/versions/diff", query, nil)
	return decoded[VersionDiff](body, err)
}

// Aside lists new pages that were refused and are kept aside, the oldest first. Cursor is
// the Next of the list before; empty: from the first. Limit zero: 100.
func (c *Client) Aside(ctx context.Context, limit int, cursor string) (*VersionList, error) {
	query := url.Values{}
	if limit != 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	body, err := c.do(ctx, http.MethodGet, "/v1/aside", query, nil)
	return decoded[VersionList](body, err)
}

// AcceptAside puts a page that was refused in the place of the one that there is. The
// receipt and the error are as for [Client.Restore].
func (c *Client) AcceptAside(ctx context.Context, id int64) (*reprint.Receipt, error) {
	return c.receiptOf(ctx, asidePath(id), AsideRequest{Do: "accept"})
}

// DropAside forgets a page that was refused, and returns what it was, without its body.
func (c *Client) DropAside(ctx context.Context, id int64) (*Version, error) {
	body, err := c.do(ctx, http.MethodPost, asidePath(id), nil, AsideRequest{Do: "drop"})
	return decoded[Version](body, err)
}

// Restore puts earlier versions of pages in the place of those that there are. When some
// could not be restored it returns the receipt and an *[APIError] with status 502.
func (c *Client) Restore(ctx context.Context, r RestoreRequest) (*reprint.Receipt, error) {
	return c.receiptOf(ctx, "/v1/restore", r)
}

// Release ends the holding of pages that were restored, and has them rendered again. The
// receipt and the error are as for [Client.Revalidate].
func (c *Client) Release(ctx context.Context, r ReleaseRequest) (*reprint.Receipt, error) {
	return c.receiptOf(ctx, "/v1/release", r)
}

// receiptOf makes a call that is answered with a receipt.
func (c *Client) receiptOf(ctx context.Context, path string, in any) (*reprint.Receipt, error) {
	body, err := c.do(ctx, http.MethodPost, path, nil, in)
	if failure, ok := errors.AsType[*APIError](err); ok && failure.receipt != nil {
		return failure.receipt, err
	}
	return decoded[reprint.Receipt](body, err)
}

func versionPath(id int64) string { return "/v1/versions/" + strconv.FormatInt(id, 10) }

func asidePath(id int64) string { return "/v1/aside/" + strconv.FormatInt(id, 10) }
