-- What people tell of themselves. An account has a row once something was told; what is NULL was not told, or taken back.
CREATE TABLE profiles (
    user_id       BIGINT NOT NULL PRIMARY KEY REFERENCES users (user_id),
    country       TEXT, -- ISO 3166-1 alpha-2
    language      TEXT, -- BCP 47
    birth_date    TEXT, -- as 1990-02-28
    terms_version TEXT, -- the terms that were accepted last
    terms_at      TIMESTAMPTZ -- when, by the clock of the server
);
