package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Plan has a revalidation made later: RevalidateAt or Daily says when.
func (c *Client) Plan(ctx context.Context, r RevalidateRequest) (*Plan, error) {
	if r.RevalidateAt == "" && r.Daily == "" {
		return nil, errors.New("neither RevalidateAt nor Daily says when to revalidate; Revalidate does it now")
	}
	body, err := c.do(ctx, http.MethodPost, "/v1/revalidate", nil, r)
	planned, err := decoded[Planned](body, err)
	if err != nil {
		return nil, err
	}
	return &planned.Plan, nil
}

// Refills returns the refills that are not done.
func (c *Client) Refills(ctx context.Context) (*RefillList, error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/refills", nil, nil)
	return decoded[RefillList](body, err)
}

// ChangeRefill pauses, resumes or cancels a refill: do is "pause", "resume" or "cancel". It
// returns the refills that are not done then.
func (c *Client) ChangeRefill(ctx context.Context, id, do string) (*RefillList, error) {
	if id == "" {
		return nil, errors.New("the ID of the refill is empty")
	}
	body, err := c.do(ctx, http.MethodPost, "/v1/refills/"+url.PathEscape(id), nil, RefillRequest{do})
	return decoded[RefillList](body, err)
}

// Schedule returns what will be made by itself.
func (c *Client) Schedule(ctx context.Context) (*Schedule, error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/schedule", nil, nil)
	return decoded[Schedule](body, err)
}

// CancelPlan cancels a plan.
func (c *Client) CancelPlan(ctx context.Context, id string) (*Cancelled, error) {
	if id == "" {
		return nil, errors.New("the ID of the plan is empty")
	}
	body, err := c.do(ctx, http.MethodDelete, "/v1/schedule/"+url.PathEscape(id), nil, nil)
	return decoded[Cancelled](body, err)
}

// CancelDue takes from the pages of a path the moment at which they asked to be rendered
// again.
func (c *Client) CancelDue(ctx context.Context, path string) (*Cancelled, error) {
	body, err := c.do(ctx, http.MethodDelete, "/v1/schedule", url.Values{"path": {path}}, nil)
	return decoded[Cancelled](body, err)
}
