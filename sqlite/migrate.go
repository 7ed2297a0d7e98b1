package sqlite

import (
	"context"
	"fmt"
	"log/slog"
)

// formatVersion is the format that this program writes, kept in PRAGMA
// user_version. Whoever changes schema.sql adds a step to migrations.
const formatVersion = 5

// migrations[v] brings a file from format v to v+1.
var migrations = map[int]string{
	// Format 1 did not know up to where a page was checked nor that one can be
	// overtaken. A page was checked when it was rendered. The sum changes with
	// checked by exclusive or, see rowsum.go; that of a damaged row stays wrong.
	1: `ALTER TABLE pages ADD COLUMN checked INTEGER NOT NULL DEFAULT 0;
	    ALTER TABLE pages ADD COLUMN overtaken INTEGER NOT NULL DEFAULT 0;
	    UPDATE pages SET checked = stamp, checksum = (checksum | stamp) - (checksum & stamp);`,
	// Format 2 did not know what an answer said of its life. NULL is nothing said,
	// and does not count in the sum.
	2: `ALTER TABLE pages ADD COLUMN lifetime_fresh INTEGER;
	    ALTER TABLE pages ADD COLUMN lifetime_age INTEGER;
	    ALTER TABLE pages ADD COLUMN lifetime_while_revalidate INTEGER;
	    ALTER TABLE pages ADD COLUMN lifetime_if_error INTEGER;`,
	// Format 3 did not know pages that are not dropped to make room. Zero does not
	// count in the sum. Of a page's visits it knew the minute of the last one, which
	// is all that is counted; size is that of row.size. It had no encodings,
	// and counted its pages when it was opened.
	3: `ALTER TABLE pages ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
	    ALTER TABLE pages ADD COLUMN visits REAL NOT NULL DEFAULT 0;
	    ALTER TABLE pages ADD COLUMN worth REAL NOT NULL DEFAULT 0;
	    DROP INDEX pages_negative;
	    DROP INDEX pages_used;
	    UPDATE pages SET visits = (used_at - (SELECT max(used_at) FROM pages)) / 1440.0;
	    UPDATE pages SET worth = visits - log2(1536 + 2 * octet_length(key) + octet_length(route) + octet_length(header)
	        + 3 * octet_length(tags) + octet_length(cause)
	        + coalesce((SELECT octet_length(bytes) FROM bodies WHERE sha256 = body), 0));
	    ALTER TABLE pages DROP COLUMN used_at;
	    CREATE INDEX pages_negative ON pages (rendered_at) WHERE status <> 200 AND pinned = 0;
	    CREATE INDEX pages_worth ON pages (worth) WHERE pinned = 0;
	    INSERT INTO meta (name, value) VALUES ('pages', (SELECT count(*) FROM pages)), ('age', 0);
	    CREATE TABLE encodings (sha256 BLOB NOT NULL, coding TEXT NOT NULL, checksum INTEGER NOT NULL, bytes BLOB NOT NULL,
	        PRIMARY KEY (sha256, coding)) STRICT;
	    CREATE TRIGGER bodies_encodings AFTER DELETE ON bodies BEGIN
  DELETE FROM encodings WHERE sha256 = old.sha256;
END;`,
	// Format 4 knew nothing of versions, nor that a page can be held, and kept nothing of
	// what is planned and of what is half done. Of a receipt it did not know when it was
	// saved: that was about when the call came.
	4: `ALTER TABLE pages ADD COLUMN history INTEGER NOT NULL DEFAULT 0;
	    ALTER TABLE pages ADD COLUMN held_until INTEGER;
	    CREATE TABLE records (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
	    CREATE TABLE versions (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, route TEXT NOT NULL, status INTEGER NOT NULL,
	        header TEXT NOT NULL, body BLOB NOT NULL, tags TEXT NOT NULL, stamp INTEGER NOT NULL, checked INTEGER NOT NULL,
	        overtaken INTEGER NOT NULL, pinned INTEGER NOT NULL, history INTEGER NOT NULL, held_until INTEGER,
	        rendered_at INTEGER, render_took INTEGER NOT NULL, modified_at INTEGER, due INTEGER, cause TEXT NOT NULL,
	        lifetime_fresh INTEGER, lifetime_age INTEGER, lifetime_while_revalidate INTEGER, lifetime_if_error INTEGER,
	        checksum INTEGER NOT NULL, replaced_at INTEGER NOT NULL, refused TEXT NOT NULL) STRICT;
	    CREATE INDEX versions_key ON versions (key, refused);
	    CREATE INDEX versions_body ON versions (body);
	    CREATE INDEX versions_aside ON versions (id) WHERE refused <> '';
	    INSERT INTO meta (name, value) VALUES ('versions', 0);
	    ALTER TABLE receipts ADD COLUMN saved_at INTEGER NOT NULL DEFAULT 0;
	    UPDATE receipts SET saved_at = 1000000 * coalesce(iif(json_valid(receipt), unixepoch(receipt ->> 'at')), unixepoch());`,
}

// migrate brings the file behind c to formatVersion. Each step commits with its
// number, so that it is done once whatever happens between.
func migrate(ctx context.Context, c *conn, log *slog.Logger) error {
	var version int
	if err := c.scan(ctx, "PRAGMA user_version", nil, &version); err != nil {
		return err
	}
	if version == formatVersion {
		return nil
	}
	for from := version; from < formatVersion; from++ {
		script := fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT", migrations[from], from+1)
		if _, err := c.only.ExecContext(ctx, script); err != nil {
			return fmt.Errorf("migrate from format %d to %d: %w", from, from+1, named(err))
		}
	}
	log.InfoContext(ctx, "store migrated", "from", version, "to", formatVersion)
	// Into the file, so that its header tells an older program at first sight.
	_, err := c.only.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
