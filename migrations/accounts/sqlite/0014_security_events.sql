-- What happened to accounts, for whoever asks later. Written with the change that it tells of, never changed, and deleted
-- when it is old. The feed keeps events for hours; here they lie at the same positions for as long as a setting says.
CREATE TABLE security_events (
    position    INTEGER NOT NULL PRIMARY KEY, -- that of the event in the feed
    happened_at INTEGER NOT NULL, -- microseconds, UTC
    kind        TEXT NOT NULL, -- what happened
    user_id     INTEGER, -- the account that it is about; also of one that is gone, so it refers to none
    payload     TEXT NOT NULL -- JSON: all of it
);

CREATE INDEX security_events_by_time ON security_events (happened_at, position);
CREATE INDEX security_events_of_user ON security_events (user_id, happened_at, position);
CREATE INDEX security_events_by_kind ON security_events (kind, happened_at, position);

-- An event comes in when it gets its position.
CREATE TRIGGER security_events_kept AFTER INSERT ON events
  WHEN NEW.kind = 'security_event'
BEGIN
    INSERT INTO security_events (position, happened_at, kind, user_id, payload)
    VALUES (NEW.position, NEW.announced_at, NEW.payload ->> '$.what', NEW.payload ->> '$.user', NEW.payload);
END;

CREATE TRIGGER security_events_stay BEFORE UPDATE ON security_events
BEGIN
    SELECT RAISE(ABORT, 'security events are never changed');
END;
