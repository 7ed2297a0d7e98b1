-- A Reprint store, format 5. Times are microseconds since 1970 in UTC:
--   SELECT key, datetime(rendered_at / 1000000, 'unixepoch') FROM pages;

CREATE TABLE pages (
  id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused: iterations and page_tags rely on it
  key         TEXT    NOT NULL UNIQUE,           -- host, path, ?query, a space and the variant
  route       TEXT    NOT NULL,                  -- the pattern that rendered the page
  status      INTEGER NOT NULL,
  header      TEXT    NOT NULL,                  -- one "Name: value" per line, sorted by name
  body        BLOB    NOT NULL,                  -- SHA-256 of the body; see bodies
  tags        TEXT    NOT NULL,                  -- JSON array, sorted; the same as in page_tags
  stamp       INTEGER NOT NULL,                  -- journal position that the render saw
  rendered_at INTEGER,                           -- when the render began; NULL: not known
  render_took INTEGER NOT NULL,                  -- nanoseconds
  modified_at INTEGER,                           -- when the content last changed
  due         INTEGER,                           -- when to render again; NULL: no such moment
  cause       TEXT    NOT NULL,                  -- why it was rendered
  checksum    INTEGER NOT NULL,                  -- of all but id, visits, worth; see rowsum.go
  checked     INTEGER NOT NULL DEFAULT 0,        -- position up to which the page is known to be current
  overtaken   INTEGER NOT NULL DEFAULT 0,        -- 1: stale when it was stored, for a tag nobody knew of
  -- What the answer said of its life, in nanoseconds; NULL in all four: nothing.
  lifetime_fresh            INTEGER, -- fresh for so long after it was made
  lifetime_age              INTEGER, -- so old when its render began
  lifetime_while_revalidate INTEGER, -- then served for so long while a new one is rendered
  lifetime_if_error         INTEGER, -- then served for so long when no new one can be had
  pinned      INTEGER NOT NULL DEFAULT 0,        -- 1: not dropped to make room
  visits      REAL    NOT NULL DEFAULT 0,        -- log2 of how often it was visited; see worth.go
  worth       REAL    NOT NULL DEFAULT 0,        -- log2 of the visits per byte
  history     INTEGER NOT NULL DEFAULT 0,        -- how many earlier versions are kept
  held_until  INTEGER                            -- until when no render takes its place; NULL: it is not held
) STRICT;

CREATE INDEX pages_body ON pages (body);
CREATE INDEX pages_due ON pages (due) WHERE due IS NOT NULL;
-- The orders in which pages are dropped when there is no room. Those that never
-- are have no place in them, so that nobody has to pass over them.
CREATE INDEX pages_negative ON pages (rendered_at) WHERE status <> 200 AND pinned = 0;
CREATE INDEX pages_worth ON pages (worth) WHERE pinned = 0;

-- Which pages carry a tag. Tags with a space are implicit: "path /posts/42".
CREATE TABLE page_tags (
  tag  TEXT    NOT NULL,
  page INTEGER NOT NULL, -- pages.id
  PRIMARY KEY (tag, page)
) STRICT, WITHOUT ROWID;

-- Further versions of pages: contents that they had before, and contents that were
-- refused. The columns that pages has too are as they were there.
CREATE TABLE versions (
  id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused; the order in which they go
  key         TEXT    NOT NULL,
  route       TEXT    NOT NULL,
  status      INTEGER NOT NULL,
  header      TEXT    NOT NULL,
  body        BLOB    NOT NULL,
  tags        TEXT    NOT NULL,
  stamp       INTEGER NOT NULL,
  checked     INTEGER NOT NULL,
  overtaken   INTEGER NOT NULL,
  pinned      INTEGER NOT NULL,
  history     INTEGER NOT NULL,
  held_until  INTEGER,
  rendered_at INTEGER,
  render_took INTEGER NOT NULL,
  modified_at INTEGER,
  due         INTEGER,
  cause       TEXT    NOT NULL,
  lifetime_fresh            INTEGER,
  lifetime_age              INTEGER,
  lifetime_while_revalidate INTEGER,
  lifetime_if_error         INTEGER,
  checksum    INTEGER NOT NULL, -- of all but id and replaced_at; see rowsum.go
  replaced_at INTEGER NOT NULL, -- when another content took its place, or when it was refused
  refused     TEXT    NOT NULL  -- why it was; empty: it was served
) STRICT;

CREATE INDEX versions_key ON versions (key, refused);
CREATE INDEX versions_body ON versions (body);
CREATE INDEX versions_aside ON versions (id) WHERE refused <> '';

-- Each body once, however many pages and versions have it; gone with the last of them.
CREATE TABLE bodies (
  sha256 BLOB NOT NULL PRIMARY KEY,
  bytes  BLOB NOT NULL
) STRICT;

-- Bodies of pages in other content codings.
CREATE TABLE encodings (
  sha256   BLOB    NOT NULL, -- of the body that it is an encoding of
  coding   TEXT    NOT NULL, -- gzip, br, zstd
  checksum INTEGER NOT NULL, -- see encoding.go
  bytes    BLOB    NOT NULL,
  PRIMARY KEY (sha256, coding)
) STRICT;

-- Whoever removes a body, and for whatever reason, removes what was made of it.
CREATE TRIGGER bodies_encodings AFTER DELETE ON bodies BEGIN
  DELETE FROM encodings WHERE sha256 = old.sha256;
END;

-- The revalidations, in order: the newest 100,000.
CREATE TABLE journal (
  position INTEGER PRIMARY KEY,
  id       TEXT    NOT NULL, -- of the receipt
  time     INTEGER,
  mode     TEXT    NOT NULL, -- regenerate, stale, expire or delete
  tags     TEXT    NOT NULL, -- JSON array
  by       TEXT    NOT NULL  -- who asked; empty: nobody said
) STRICT;

-- The journal compacted: the last positions at which a tag was named; 0: never.
CREATE TABLE ledger (
  tag             TEXT    NOT NULL PRIMARY KEY,
  any_position    INTEGER NOT NULL, -- in any mode
  expire_position INTEGER NOT NULL, -- in mode expire or delete
  delete_position INTEGER NOT NULL, -- in mode delete
  at              INTEGER           -- when any_position was appended
) STRICT, WITHOUT ROWID;

-- position: of the last entry. trimmed: entries up to this one are not kept.
-- floor: a page checked below it is not current. pages, versions: their number. age: for how many
-- minutes the store has been open since it was made. The format's number is in PRAGMA
-- user_version.
CREATE TABLE meta (
  name  TEXT    NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('position', 0), ('trimmed', 0), ('floor', 0), ('pages', 0), ('versions', 0), ('age', 0);

-- What the revalidations did, as the admin API shows it.
CREATE TABLE receipts (
  seq      INTEGER PRIMARY KEY,       -- the order in which they go
  id       TEXT    NOT NULL UNIQUE,
  receipt  TEXT    NOT NULL,          -- JSON
  saved_at INTEGER NOT NULL DEFAULT 0 -- when it was first saved
) STRICT;

-- What is planned and what is half done.
CREATE TABLE records (
  kind  TEXT NOT NULL,
  id    TEXT NOT NULL,
  value TEXT NOT NULL, -- JSON
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
