-- The currency that every price is in, once a setting named it. Prices are amounts of its smallest unit.
CREATE TABLE store_currency (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    currency TEXT    NOT NULL -- ISO 4217
);

-- The games that the platform picked for its front page, in their order.
CREATE TABLE store_picks (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    game_ids TEXT    NOT NULL, -- JSON
    revision INTEGER NOT NULL
);
