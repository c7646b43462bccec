-- SPDX-License-Identifier: Apache-2.0
-- The session table for SQLite, to create it by hand (ManagedSessionCreateTable Off).
-- All times are epoch seconds. secret_hash is the SHA-256 of the cookie's secret, in hex.
PRAGMA journal_mode=WAL;
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
  persistent     SMALLINT     NOT NULL,
  -- since schema 2; kind 0 is a browser's session
  ended_at       BIGINT,                -- set with expires_at when the session is ended
  end_reason     VARCHAR(16),
  ended_by       VARCHAR(255),          -- the user who ended it; NULL: its own
  name           VARCHAR(160),          -- given by the user
  kind           SMALLINT     NOT NULL DEFAULT 0
);
-- Ended sessions are kept for a while (ManagedSessionHistory): what reads live ones must not read past them.
CREATE INDEX IF NOT EXISTS managed_session_user ON managed_session (realm, user_name, ended_at);
CREATE INDEX IF NOT EXISTS managed_session_expires ON managed_session (expires_at) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS managed_session_ended ON managed_session (ended_at) WHERE ended_at IS NOT NULL;
-- For the administrators' page (managed-session-admin). Its search by address has indexes of its own: search-by-ip.sql.
CREATE INDEX IF NOT EXISTS managed_session_newest ON managed_session (realm, created_at, session_id);
CREATE INDEX IF NOT EXISTS managed_session_newest_live ON managed_session (realm, created_at, session_id) WHERE ended_at IS NULL;
