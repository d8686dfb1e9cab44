"""The route of retention in the OpenAPI document."""

from __future__ import annotations

from hub.openapi.operation import Operation, json_answer, success
from hub.openapi.schema import Named, fields, flag, instant, items, nullable, number, text, whole

TAG = "Retention"
AMOUNT = {"records": whole(min=0), "bytes": whole("With their pictures; rows of the database are estimated.", min=0)}
KIND = Named(
    "RetentionKind",
    fields(
        {
            "kind": text("captures, detections, health, readings, matches or audit."),
            "setting": text("The setting of its days; empty where they are fixed."),
            "days": nullable(whole("Records that are older are deleted; null: never by age.", min=1)),
            "in_budget": flag("Whether the oldest go when the disk budget is used up."),
            "clock_ahead_days": nullable(
                number("By how much this machine's clock is ahead of what is plausible: nothing is deleted by age.")
            ),
            "protected": whole("Records that are never deleted.", min=0),
            "would_delete": fields(AMOUNT, description="What would be deleted now."),
            "oldest_kept": nullable(instant("When the oldest record was received that would stay.")),
            "last_run": fields({"at": nullable(instant()), **AMOUNT}, description="The last run that deleted some."),
            "since_start": fields(AMOUNT, description="What was deleted since the hub started."),
            "total": fields(AMOUNT, description="What was deleted in all."),
        }
    ),
)
USED = fields(
    {
        "total_bytes": whole(min=0),
        "database_bytes": whole("Without what is free to be used again.", min=0),
        "image_bytes": whole("Pictures of captures.", min=0),
        "pack_bytes": whole("Pictures of detections.", min=0),
    }
)
OPERATIONS = {
    "GET /api/retention": Operation(
        TAG,
        {
            200: json_answer(
                "What would go and what has gone.",
                success(
                    {
                        "used": USED,
                        "budget_bytes": nullable(whole("retention.max_gb; null: no limit.", min=1)),
                        "over_budget_bytes": whole("Beyond what goes by age.", min=0),
                        "kinds": items(KIND),
                        "running": flag("Whether records are being deleted now."),
                        "last_error": text("Why the last run stopped early; empty where it did not."),
                    }
                ),
            )
        },
        errors=(503,),
    )
}
