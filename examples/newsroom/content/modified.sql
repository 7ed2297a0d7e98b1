-- When what a tag names was last changed, for the sitemap. It came with version 2.
CREATE TABLE modified (
	tag TEXT PRIMARY KEY,
	at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
