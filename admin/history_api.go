package admin

import "time"

// Version is one of the contents that a page had, or was to have; see [reprint.Version].
type Version struct {
	ID         int64     `json:"id"`
	Path       string    `json:"path"` // the key as text
	Status     int       `json:"status"`
	Size       int64     `json:"size"` // of the body, in bytes
	ETag       string    `json:"etag"`
	ModifiedAt time.Time `json:"modifiedAt"`        // when the page had this content first
	ReplacedAt time.Time `json:"replacedAt"`        // when another took its place, or when it was refused
	Refused    string    `json:"refused,omitempty"` // why it was; absent: it was served
	Tags       []string  `json:"tags"`              // without implicit ones

	// Of GET /v1/versions/{id} only, and one of the bodies: as text, or, when it is not
	// UTF-8, in base64.
	Header     map[string][]string `json:"header,omitempty"`
	Body       *string             `json:"body,omitempty"`
	BodyBase64 string              `json:"bodyBase64,omitempty"`
}

// VersionList is the answer to GET /v1/versions and GET /v1/aside.
type VersionList struct {
	Versions []Version `json:"versions"`
	Next     string    `json:"next,omitempty"` // of what is kept aside: the cursor for what follows
}

// VersionDiff is the answer to GET /v1/versions/diff.
type VersionDiff struct {
	From int64  `json:"from"`
	To   int64  `json:"to,omitempty"` // absent: the page as it is now
	Text string `json:"text"`         // a unified diff; empty: they are the same
}

// AsideRequest is the body of POST /v1/aside/{id}.
type AsideRequest struct {
	Do string `json:"do"` // "accept" or "drop"
}

// RestoreRequest is the body of POST /v1/restore: a Version, or targets as in
// [RevalidateRequest] and AsOf. See [reprint.Restoration].
type RestoreRequest struct {
	Version  int64      `json:"version,omitempty"`
	Paths    []string   `json:"paths,omitempty"`
	Tags     []string   `json:"tags,omitempty"`
	Prefixes []string   `json:"prefixes,omitempty"`
	Patterns []string   `json:"patterns,omitempty"`
	All      bool       `json:"all,omitempty"`
	Host     string     `json:"host,omitempty"`
	AsOf     *time.Time `json:"asOf,omitempty"`
	Until    *time.Time `json:"until,omitempty"` // nil: until they are released
	Unheld   bool       `json:"unheld,omitempty"`
	DryRun   bool       `json:"dryRun,omitempty"`
	Confirm  bool       `json:"confirm,omitempty"` // let it mean more than the brake lets through
}

// ReleaseRequest is the body of POST /v1/release. See [reprint.Site.Release].
type ReleaseRequest struct {
	Paths    []string `json:"paths,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Prefixes []string `json:"prefixes,omitempty"`
	Patterns []string `json:"patterns,omitempty"`
	All      bool     `json:"all,omitempty"`
	Host     string   `json:"host,omitempty"`
	DryRun   bool     `json:"dryRun,omitempty"`
	Confirm  bool     `json:"confirm,omitempty"` // let it mean more than the brake lets through
}
