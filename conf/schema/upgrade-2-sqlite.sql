-- SPDX-License-Identifier: Apache-2.0
-- Upgrades the session table of SQLite from schema 1 to schema 2, if ManagedSessionCreateTable is Off or httpd's role
-- may not alter the table; see docs/upgrade.md. Both schemas can be used while it runs, and afterwards. If another
-- host was faster, "duplicate column" or "already exists" is no harm.
ALTER TABLE managed_session ADD COLUMN ended_at BIGINT;
ALTER TABLE managed_session ADD COLUMN end_reason VARCHAR(16);
ALTER TABLE managed_session ADD COLUMN ended_by VARCHAR(255);
ALTER TABLE managed_session ADD COLUMN name VARCHAR(160);
ALTER TABLE managed_session ADD COLUMN kind SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS managed_session_ended ON managed_session (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS managed_session_user_2 ON managed_session (realm, user_name, ended_at);
CREATE INDEX IF NOT EXISTS managed_session_expires_2 ON managed_session (expires_at) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS managed_session_newest_live ON managed_session (realm, created_at, session_id) WHERE ended_at IS NULL;
-- Those with a 2 take the place of the indexes of schema 1 with the same name, which hosts of the older version still use.
-- When no such host is left:
--   DROP INDEX managed_session_user; DROP INDEX managed_session_expires;
