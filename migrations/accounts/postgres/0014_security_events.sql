-- What happened to accounts, for whoever asks later. Written with the change that it tells of, never changed, and deleted
-- when it is old. The feed keeps events for hours; here they lie at the same positions for as long as a setting says.
CREATE TABLE security_events (
    position    BIGINT NOT NULL PRIMARY KEY, -- that of the event in the feed
    happened_at TIMESTAMPTZ NOT NULL,
    kind        TEXT NOT NULL, -- what happened
    user_id     BIGINT, -- the account that it is about; also of one that is gone, so it refers to none
    payload     TEXT NOT NULL -- JSON: all of it
);

CREATE INDEX security_events_by_time ON security_events (happened_at, position);
CREATE INDEX security_events_of_user ON security_events (user_id, happened_at, position);
CREATE INDEX security_events_by_kind ON security_events (kind, happened_at, position);

-- An event comes in when it gets its position.
CREATE FUNCTION keep_security_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO security_events (position, happened_at, kind, user_id, payload)
    VALUES (NEW.position, NEW.announced_at, NEW.payload::json ->> 'what', (NEW.payload::json ->> 'user')::bigint,
            NEW.payload);
    RETURN NULL;
END
$$;

CREATE TRIGGER security_events_kept AFTER INSERT ON events
   FOR EACH ROW WHEN (NEW.kind = 'security_event')
       EXECUTE FUNCTION keep_security_event();

CREATE FUNCTION refuse_to_change_security_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'security events are never changed';
END
$$;

CREATE TRIGGER security_events_stay BEFORE UPDATE ON security_events
   FOR EACH STATEMENT
       EXECUTE FUNCTION refuse_to_change_security_events();
