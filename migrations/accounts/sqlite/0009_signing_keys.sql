-- The keys that sign tokens. All instances share them. The first one has generation 1, and exactly one has each generation,
-- so of many instances that make the next key at once one succeeds. When a key ends is told by the key behind it. A row
-- stays: a key that was used is never taken for a new one.
CREATE TABLE signing_keys (
    kid          TEXT    NOT NULL PRIMARY KEY, -- RFC 7638 thumbprint
    signs        TEXT    NOT NULL, -- the header `typ` of its tokens
    generation   INTEGER NOT NULL,
    public_key   BLOB    NOT NULL,
    private_key  BLOB    NULL,     -- PKCS#8, sealed; gone once the key is over
    made_at      INTEGER NOT NULL, -- microseconds, UTC
    starts_at    INTEGER NOT NULL, -- microseconds, UTC
    token_life   INTEGER NOT NULL, -- microseconds: the longest life of a token that it signed
    refused_at   INTEGER NULL,     -- when its tokens are refused although they have not expired: it may have leaked
    UNIQUE (signs, generation)
);

-- Other secrets of the service, each under a name. All instances share them.
CREATE TABLE sealed_secrets (
    name   TEXT    NOT NULL PRIMARY KEY,
    sealed BLOB    NOT NULL
);
