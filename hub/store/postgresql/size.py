"""How many bytes the stored rows take, without the space that deleted ones have left for others.

PostgreSQL does not give back the space of deleted rows, so the size of its files says how many there were at most.
The rows that there are are counted by the statistics of PostgreSQL, which lag by a minute or so. Partitions of
pictures are dropped as a whole and count with their files.
"""

from __future__ import annotations

ROW_OVERHEAD = 28  # bytes of the head of a row and of its place in the page
INDEX_FACTOR = 2  # what indexes add, roughly

USED_BYTES = f"""SELECT coalesce(sum(CASE WHEN c.relispartition THEN pg_total_relation_size(c.oid)
ELSE s.n_live_tup * (w.width + {ROW_OVERHEAD}) * {INDEX_FACTOR} END), 0)::BIGINT AS bytes
FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
LEFT JOIN LATERAL (SELECT coalesce(sum(avg_width), 0) AS width FROM pg_stats p
WHERE p.schemaname = s.schemaname AND p.tablename = s.relname) w ON true
WHERE c.relkind = 'r' AND s.schemaname = current_schema()"""
