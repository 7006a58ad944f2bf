-- Positions come from `feed_head` here, and nothing changes. The steps of both engines have the same numbers.
SELECT 1;
