-- How many sign-ins of an account failed in a row, by where they came from. An e-mail that no account has is counted alike.
-- A success forgets the count, and so does time. The row of an address tells that it is known: the account was signed in to
-- or made from there within 30 days.
CREATE TABLE lanes (
    account_key BYTEA       NOT NULL, -- an HMAC of the e-mail as it is compared
    lane_key    BYTEA       NOT NULL, -- an HMAC of a device or an address that is known; empty for everywhere else
    failures    BIGINT      NOT NULL,
    failed_at   TIMESTAMPTZ NOT NULL,
    open_at     TIMESTAMPTZ NOT NULL, -- when the next attempt is taken
    PRIMARY KEY (account_key, lane_key)
);

CREATE INDEX lanes_by_age ON lanes (failed_at);
