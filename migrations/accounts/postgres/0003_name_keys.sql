-- The name as it is compared from here on: NFKC with case folded in full, without what no one sees. No two accounts share
-- one. NULL until it is made, which happens in the background for accounts that an older version wrote; and NULL where an
-- account that is older has the same name under the new rules: that one keeps it, and this one signs in as before.
ALTER TABLE users ADD COLUMN name_key TEXT COLLATE "C";

-- Of which rules the key is, and of which name. An older version changes the name alone, which shows by these.
ALTER TABLE users ADD COLUMN name_key_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN name_key_of TEXT;

CREATE UNIQUE INDEX users_by_name_key ON users (name_key);

-- The accounts whose key is to be made: few, once all are.
CREATE INDEX users_to_key ON users (user_id)
 WHERE name_key IS NULL OR name_key_version <> 1 OR name_key_of IS DISTINCT FROM username;
