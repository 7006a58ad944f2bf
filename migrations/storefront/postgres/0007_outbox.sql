-- What was announced and has no position yet. An announcement is written in the transaction of its change, and no
-- transaction waits for the commit of another one. What committed is moved to `events` afterwards, in batches.
--
-- Two changes of one thing follow each other, because each holds the row of the thing. So do their entries, as long as no
-- session keeps numbers for later: CACHE 1.
CREATE TABLE outbox (
    entry        BIGINT      GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    kind         TEXT        NOT NULL,
    payload      TEXT        NOT NULL, -- JSON
    announced_at TIMESTAMPTZ NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- Moves entries behind this position, the oldest first, and answers how many: 10,000 at most, which is a part of a second.
-- The caller holds `feed_head`.
CREATE FUNCTION move_outbox(head BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    moved BIGINT;
BEGIN
    -- Tells the trigger below that the positions are given here. Not a clause of the function: that only a superuser may
    -- write.
    PERFORM set_config('sir0.numbering', 'on', true);
    WITH taken AS (
        DELETE FROM outbox
         WHERE entry IN (SELECT entry FROM outbox ORDER BY entry LIMIT 10000)
     RETURNING entry, kind, payload, announced_at
    )
    INSERT INTO events (position, kind, payload, announced_at)
    SELECT head + row_number() OVER (ORDER BY entry), kind, payload, announced_at
      FROM taken
  ORDER BY entry;
    GET DIAGNOSTICS moved = ROW_COUNT;
    PERFORM set_config('sir0.numbering', 'off', true);
    RETURN moved;
END
$$;

-- Gives positions to what committed, and answers with the latest position and how many were given. Fewer than 10,000 are
-- all that there were. One call is one transaction, so a caller that freezes holds no lock.
--
-- The head is locked first, and each statement after it sees what has committed by then. Passing over a locked head would
-- leave behind what committed after its holder had looked.
CREATE FUNCTION number_events(OUT head BIGINT, OUT moved BIGINT) LANGUAGE plpgsql AS $$
BEGIN
    moved := 0;
    IF EXISTS (SELECT FROM outbox) THEN
        SELECT position INTO head FROM feed_head FOR UPDATE;
        moved := move_outbox(head);
        IF moved > 0 THEN
            UPDATE feed_head SET position = position + moved;
            PERFORM pg_notify('sir0_events', '');
        END IF;
    END IF;
    SELECT position INTO head FROM feed_head;
END
$$;

-- An older version may run beside this one. It takes its position inside its transaction, and holds the head until it
-- commits. What committed before comes first, or the changes of one thing would stand in the wrong order.
CREATE FUNCTION number_before_older_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved BIGINT;
BEGIN
    LOOP
        moved := move_outbox(NEW.position - 1);
        EXIT WHEN moved = 0;
        UPDATE feed_head SET position = position + moved;
        NEW.position := NEW.position + moved;
    END LOOP;
    RETURN NEW;
END
$$;

CREATE TRIGGER events_of_older_version BEFORE INSERT ON events
   FOR EACH ROW WHEN (current_setting('sir0.numbering', true) IS DISTINCT FROM 'on')
       EXECUTE FUNCTION number_before_older_version();
