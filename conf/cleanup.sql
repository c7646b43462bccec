-- Deletes what has expired, if the database is to do it instead of httpd (ManagedSessionCleanupInterval 0): sessions that
-- have expired, which cannot be used, and those that were ended 30 days ago (ManagedSessionHistory, which has no effect
-- then; keep them for an hour at least). Change the name if ManagedSessionTable is another.
--
-- SQLite:      sqlite3 -cmd ".timeout 5000" /var/lib/managed-session/sessions.db < cleanup.sql
-- PostgreSQL:  psql -d DATABASE -v ON_ERROR_STOP=1 -f cleanup.sql
-- MariaDB:     mariadb DATABASE < cleanup.sql
--
-- The statements below are SQLite's; replace them
--   for PostgreSQL (a cast alone would round to the next second):
--     DELETE FROM managed_session WHERE ended_at IS NULL AND expires_at <= floor(extract(epoch FROM now()))::bigint;
--     DELETE FROM managed_session WHERE ended_at <= floor(extract(epoch FROM now()))::bigint - 30 * 86400;
--   for MariaDB:
--     DELETE FROM managed_session WHERE ended_at IS NULL AND expires_at <= unix_timestamp();
--     DELETE FROM managed_session WHERE ended_at <= unix_timestamp() - 30 * 86400;
-- In a table of schema 1, which has no ended_at (docs/upgrade.md), the first one without it is all.
DELETE FROM managed_session WHERE ended_at IS NULL AND expires_at <= strftime('%s', 'now');
DELETE FROM managed_session WHERE ended_at <= strftime('%s', 'now') - 30 * 86400;
