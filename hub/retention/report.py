"""What would go now, as the API, the page and the command line show it."""

from __future__ import annotations

from typing import Any

from hub.contract.times import utc_text
from hub.retention.plan import KindPlan, Plan
from hub.retention.repository import ExpiringRows

MB, GB = 1e6, 1e9


def kind_report(made: KindPlan, rows: ExpiringRows) -> dict[str, Any]:
    """The rule of a kind, what would go, and the oldest that stays. Raises DatabaseError or LaneBusy."""
    kind = made.kind
    oldest = rows.oldest_kept(made.cut)
    return {
        "kind": kind.name,
        "setting": kind.setting,
        "days": kind.days or None,
        "in_budget": kind.in_budget,
        "clock_ahead_days": None if made.held is None else round(made.held, 1),
        "protected": rows.protected(),
        "would_delete": {"records": made.share.records, "bytes": made.share.bytes},
        "oldest_kept": utc_text(oldest) if isinstance(oldest, (int, float)) else None,
    }


def plan_report(plan: Plan, budget: int) -> dict[str, Any]:
    """The space that is used, the budget, and how much is beyond it."""
    usage = plan.usage
    return {
        "used": {
            "total_bytes": usage.total,
            "database_bytes": usage.database,
            "image_bytes": usage.images,
            "pack_bytes": usage.packs,
        },
        "budget_bytes": budget or None,
        "over_budget_bytes": plan.over,
    }


def size_text(size: float) -> str:
    """Bytes for people: 12.3 GB, 4.5 MB, 0 MB."""
    return f"{size / GB:.1f} GB" if size >= GB else f"{size / MB:.1f} MB"


def rule_text(report: dict[str, Any], budget: int) -> str:
    """The rule of a kind in a few words."""
    parts = [f"after {report['days']} days"] if report["days"] else []
    if budget and report["in_budget"]:
        parts.append(f"oldest first beyond {size_text(budget)}")
    return " and ".join(parts) if parts else "never"
