"""Exact counts that grow with the records: what the jobs of a commit count is written as one statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import orjson

from hub.store.writer import Transaction

TALLIES = """INSERT INTO lpr_tallies (kind, key, count)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(:rows) WHERE true
ON CONFLICT (kind, key) DO UPDATE SET count = count + excluded.count"""


def count(transaction: Transaction, tallies: Iterable[tuple[str, str]]) -> None:
    """One more of each (kind, key). The last step of a job: nothing may fail after it, since all jobs of a commit share the statement."""
    counts = transaction.shared.get("lpr tallies")
    if counts is None:
        counts = transaction.shared["lpr tallies"] = Counter()
        transaction.before_commit["lpr tallies"] = lambda: transaction.execute(TALLIES, {"rows": tally_rows(counts)})
    counts.update(tallies)


def tally_rows(counts: Counter[tuple[str, str]]) -> str:
    """Counts as the statement wants them."""
    return orjson.dumps([(kind, key, number) for (kind, key), number in counts.items()]).decode()
