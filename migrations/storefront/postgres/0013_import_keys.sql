-- What importers call products, so that a file that is imported again makes none twice. A key belongs to the studio that
-- imported it, also when another studio has the product now.
CREATE TABLE import_keys (
    owner       TEXT   COLLATE "C" NOT NULL, -- the studio; empty for the platform
    import_key  TEXT   COLLATE "C" NOT NULL,
    imported_id BIGINT NOT NULL, -- the product
    PRIMARY KEY (owner, import_key)
);

CREATE INDEX import_keys_by_product ON import_keys (imported_id);
