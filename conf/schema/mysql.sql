-- SPDX-License-Identifier: Apache-2.0
-- The session table for MariaDB and MySQL, for those who make it by hand (ManagedSessionCreateTable Off).
-- All times are epoch seconds. secret_hash is the SHA-256 of the cookie's secret, in hex.
-- Text from visitors is kept as bytes, four for each character: user names compare byte for byte, whatever
-- the server's collation, and no connection's character set can change them.
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
  KEY managed_session_user (realm, user_name),
  KEY managed_session_expires (expires_at),
  -- For the administrators' page (managed-session-admin) alone: newest first, and by address.
  KEY managed_session_newest (realm, created_at, session_id),
  KEY managed_session_made (realm, created_ip, created_at, session_id),
  KEY managed_session_used (realm, last_ip, created_at, session_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;
