-- What importers call products, so that a file that is imported again makes none twice. A key belongs to the studio that
-- imported it, also when another studio has the product now.
CREATE TABLE import_keys (
    owner       TEXT    NOT NULL, -- the studio; empty for the platform
    import_key  TEXT    NOT NULL,
    imported_id INTEGER NOT NULL, -- the product
    PRIMARY KEY (owner, import_key)
) WITHOUT ROWID;

CREATE INDEX import_keys_by_product ON import_keys (imported_id);
