-- SPDX-License-Identifier: Apache-2.0
-- Upgrades the session table of MariaDB and MySQL from schema 1 to schema 2, if ManagedSessionCreateTable is Off or httpd's role
-- may not alter the table; see docs/upgrade.md. Both schemas can be used while it runs, and afterwards. If another
-- host was faster, "duplicate column" or "already exists" is no harm.
-- An ALTER that waits for a lock makes all others wait behind it: it gives up after a second; run the file again then.
SET SESSION lock_wait_timeout = 1;
ALTER TABLE managed_session ADD COLUMN ended_at BIGINT;
ALTER TABLE managed_session ADD COLUMN end_reason VARCHAR(16) CHARACTER SET ascii;
ALTER TABLE managed_session ADD COLUMN ended_by VARBINARY(1020);
ALTER TABLE managed_session ADD COLUMN name VARBINARY(640);
ALTER TABLE managed_session ADD COLUMN kind SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE managed_session ADD KEY managed_session_ended (ended_at, expires_at);
ALTER TABLE managed_session ADD KEY managed_session_user_2 (realm, user_name, ended_at);
ALTER TABLE managed_session ADD KEY managed_session_newest_live (ended_at, realm, created_at, session_id);
-- Those with a 2 take the place of the indexes of schema 1 with the same name, which hosts of the older version still use.
-- When no such host is left:
--   DROP INDEX managed_session_user ON managed_session; DROP INDEX managed_session_expires ON managed_session;
