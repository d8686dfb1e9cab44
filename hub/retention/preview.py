"""The preview of an instance folder without its hub: read only, also while the hub runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.retention.plan import Planner
from hub.retention.report import kind_report, plan_report, rule_text, size_text
from hub.retention.repository import ExpiringRows, RetentionRepository
from hub.retention.usage import UsageMeter
from hub.runtime.lanes import Lanes
from hub.settings.model import Settings
from hub.store.backend import Backend
from hub.store.errors import DatabaseError
from hub.store.expiring import Expiring
from hub.store.migrations.revisions import REVISIONS
from hub.store.open import existing_store
from hub.store.plausible_clock import PlausibleClock
from hub.store.reader import Reader


class NothingStored(Exception):
    """There is no database that a preview can be made of; the text says what to do."""


def preview_lines(settings: Settings, kinds: Sequence[Expiring]) -> list[str]:
    """What would go now, as sentences and a table. Raises NothingStored, DatabaseError or OSError."""
    if not settings.store.url and not settings.database_path.exists():
        raise NothingStored(f"There is no database {settings.database_path} yet; nothing would be deleted.")
    store = existing_store(settings, read_only=True)
    backend = store.backend
    _check_revision(backend)
    lanes = Lanes()
    reader = Reader(backend, lanes)
    try:
        repository = RetentionRepository(backend, reader, kinds)
        meter = UsageMeter(reader, repository, store.images, store.packs, lanes.upkeep)
        clock = PlausibleClock(settings.instance)
        planner = Planner(reader, kinds, settings.retention.max_bytes, clock.now)

        def ahead(rows: ExpiringRows) -> float | None:
            return clock.ahead(str(rows.kind.table.name), rows.kind.days)

        plan = planner.plan(meter.measure(), ahead)
        reports = [kind_report(made, planner.rows[made.kind.name]) for made in plan.kinds]
        return _lines(plan_report(plan, planner.budget), reports, planner.budget)
    finally:
        reader.close()
        lanes.close()


def _check_revision(backend: Backend) -> None:
    try:
        connection = backend.connect()
        try:
            revision = backend.revision(connection)
        finally:
            connection.close()
    except backend.errors as error:
        raise DatabaseError(str(error)) from error
    newest = REVISIONS[-1].number
    if revision < newest:
        raise NothingStored(
            f"The database is of an older version of the hub; start the hub once, then ask again ({backend.address})."
        )
    if revision > newest:
        raise NothingStored(f"The database is of a newer version of the hub than this program ({backend.address}).")


def _lines(shown: dict[str, Any], reports: Sequence[dict[str, Any]], budget: int) -> list[str]:
    used = shown["used"]
    lines = [
        f"The data takes {size_text(used['total_bytes'])}: database {size_text(used['database_bytes'])}, pictures of "
        f"captures {size_text(used['image_bytes'])}, of detections {size_text(used['pack_bytes'])}."
    ]
    lines.append(
        f"The budget (retention.max_gb) is {size_text(budget)}." if budget else "There is no budget (retention.max_gb)."
    )
    lines.append("")
    heads = ("kind", "deleted", "would go", "about", "protected", "oldest that stays")
    table = [heads, *(_row(report, budget) for report in reports)]
    widths = [max(len(row[place]) for row in table) for place in range(len(heads))]
    lines += ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
    for report in reports:
        if report["clock_ahead_days"] is not None:
            lines.append(
                f"\nThis machine's clock is {report['clock_ahead_days']:.0f} days ahead of the last time that the hub "
                f"knows, so no {report['kind']} go by age. If the clock is wrong, set it right."
            )
    return lines


def _row(report: dict[str, Any], budget: int) -> tuple[str, ...]:
    would = report["would_delete"]
    return (
        report["kind"],
        rule_text(report, budget),
        f"{would['records']}",
        size_text(would["bytes"]),
        f"{report['protected']}",
        report["oldest_kept"] or "-",
    )
