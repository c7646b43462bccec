-- SPDX-License-Identifier: Apache-2.0
-- The session table for PostgreSQL, for those who make it by hand (ManagedSessionCreateTable Off).
-- All times are epoch seconds. secret_hash is the SHA-256 of the cookie's secret, in hex.
CREATE TABLE IF NOT EXISTS managed_session (
  session_id     CHAR(22)     PRIMARY KEY,
  secret_hash    CHAR(64)     NOT NULL,
  realm          VARCHAR(255) NOT NULL,
  user_name      VARCHAR(255) NOT NULL,
  created_at     BIGINT       NOT NULL,
  last_seen_at   BIGINT       NOT NULL,
  expires_at     BIGINT       NOT NULL, -- the one the filter uses
  max_expires_at BIGINT       NOT NULL, -- absolute end
  created_ip     VARCHAR(45)  NOT NULL,
  last_ip        VARCHAR(45)  NOT NULL,
  user_agent     VARCHAR(512) NOT NULL,
  label          VARCHAR(255),
  auth_method    VARCHAR(32)  NOT NULL,
  persistent     SMALLINT     NOT NULL
);
CREATE INDEX IF NOT EXISTS managed_session_user ON managed_session (realm, user_name);
CREATE INDEX IF NOT EXISTS managed_session_expires ON managed_session (expires_at);
-- For the administrators' page (managed-session-admin) alone: newest first, and by address.
CREATE INDEX IF NOT EXISTS managed_session_newest ON managed_session (realm, created_at, session_id);
CREATE INDEX IF NOT EXISTS managed_session_made ON managed_session (realm, created_ip, created_at, session_id);
CREATE INDEX IF NOT EXISTS managed_session_used ON managed_session (realm, last_ip, created_at, session_id);
