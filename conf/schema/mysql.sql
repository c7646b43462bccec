-- SPDX-License-Identifier: Apache-2.0
-- The session table for MariaDB and MySQL, to create it by hand (ManagedSessionCreateTable Off).
-- All times are epoch seconds. secret_hash is the SHA-256 of the cookie's secret, in hex.
-- Text from clients is kept as bytes, four for each character: user names compare byte for byte with every
-- collation of the server, and the character set of a connection does not change them.
CREATE TABLE IF NOT EXISTS managed_session (
  session_id     CHAR(22) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  secret_hash    CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  realm          VARBINARY(1020) NOT NULL,
  user_name      VARBINARY(1020) NOT NULL,
  created_at     BIGINT          NOT NULL,
  last_seen_at   BIGINT          NOT NULL,
  expires_at     BIGINT          NOT NULL, -- the one the filter uses
  max_expires_at BIGINT          NOT NULL, -- absolute end
  created_ip     VARCHAR(45) CHARACTER SET ascii NOT NULL,
  last_ip        VARCHAR(45) CHARACTER SET ascii NOT NULL,
  user_agent     VARBINARY(2048) NOT NULL,
  label          VARBINARY(1020),
  auth_method    VARCHAR(32) CHARACTER SET ascii NOT NULL,
  persistent     SMALLINT        NOT NULL,
  -- since schema 2; kind 0 is a browser's session
  ended_at       BIGINT,                   -- set with expires_at when the session is ended
  end_reason     VARCHAR(16) CHARACTER SET ascii,
  ended_by       VARBINARY(1020),          -- the user who ended it; NULL: its own
  name           VARBINARY(640),           -- given by the user
  kind           SMALLINT        NOT NULL DEFAULT 0,
  -- Ended sessions are kept for a while (ManagedSessionHistory): what reads live ones must not read past them.
  KEY managed_session_user (realm, user_name, ended_at),
  KEY managed_session_ended (ended_at, expires_at),
  -- For the administrators' page (managed-session-admin). Its search by address has indexes of its own: search-by-ip.sql.
  KEY managed_session_newest (realm, created_at, session_id),
  KEY managed_session_newest_live (ended_at, realm, created_at, session_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
