CREATE TABLE authors (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	bio  TEXT NOT NULL
) STRICT;

-- AUTOINCREMENT: the number of a deleted item is not used again, since its
-- address and its tag mean that item for good.
CREATE TABLE posts (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	topic     TEXT NOT NULL,
	title     TEXT NOT NULL,
	summary   TEXT NOT NULL,
	body      TEXT NOT NULL,
	visible   INTEGER NOT NULL,
	author_id INTEGER NOT NULL REFERENCES authors (id),
	published INTEGER NOT NULL -- this and all times: milliseconds since 1970
) STRICT;
CREATE INDEX posts_published ON posts (published);
CREATE INDEX posts_author ON posts (author_id, published);

CREATE TABLE products (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	topic   TEXT NOT NULL,
	title   TEXT NOT NULL,
	summary TEXT NOT NULL,
	body    TEXT NOT NULL,
	visible INTEGER NOT NULL,
	price   INTEGER NOT NULL, -- pence
	stock   INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	topic   TEXT NOT NULL,
	title   TEXT NOT NULL,
	summary TEXT NOT NULL,
	body    TEXT NOT NULL,
	visible INTEGER NOT NULL,
	place   TEXT NOT NULL,
	begins  INTEGER NOT NULL,
	ends    INTEGER NOT NULL
) STRICT;
CREATE INDEX events_begins ON events (begins);
CREATE INDEX events_ends ON events (ends);

-- What editors did, written together with the content itself. A row that is not
-- done has not reached the pages yet.
CREATE TABLE changes (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	at      INTEGER NOT NULL,
	verb    TEXT NOT NULL,
	kind    TEXT NOT NULL,
	item    INTEGER NOT NULL,
	title   TEXT NOT NULL,
	tags    TEXT NOT NULL, -- separated by spaces
	done    INTEGER NOT NULL,
	receipt TEXT NOT NULL
) STRICT;
CREATE INDEX changes_pending ON changes (id) WHERE NOT done;

CREATE TABLE notes (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
