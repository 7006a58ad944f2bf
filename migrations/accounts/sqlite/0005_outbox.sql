-- One writer at a time gives positions here, and nothing changes. The steps of both engines have the same numbers.
SELECT 1;
