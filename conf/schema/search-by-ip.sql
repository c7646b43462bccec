-- SPDX-License-Identifier: Apache-2.0
-- Optional, for SQLite, PostgreSQL, MariaDB and MySQL: indexes for the administrators' search, count and revoke by IP
-- address (managed-session-admin). Without them these read the whole realm. Each sign-in and each touch maintains
-- them, so they are not created with the table; docs/administrators.md says when they pay.
CREATE INDEX managed_session_made ON managed_session (realm, created_ip, created_at, session_id);
CREATE INDEX managed_session_used ON managed_session (realm, last_ip, created_at, session_id);
