"""The routes of maintenance in the OpenAPI document."""

from __future__ import annotations

from hub.openapi.operation import HTML, PAGE, Answer, Operation, json_answer, success
from hub.openapi.schema import Named, choice, fields, flag, instant, items, nullable, text, whole

TAG = "Maintenance"
ENDED = {
    "at": instant(),
    "good": flag("Whether it succeeded; of a check, whether nothing is damaged."),
    "message": text("A sentence for people."),
    "trigger": choice(("by hand", "by schedule")),
}
FINDING = fields({"kind": choice(("good", "note", "bad"), "`bad`: damaged or missing."), "text": text("A sentence.")})
BACKUP = Named(
    "Backup",
    fields(
        {
            "name": text("The name of the file in the folder."),
            "size_bytes": whole(min=0),
            "made_at": nullable(instant("null: it is not a whole backup.")),
            "revision": nullable(whole("Of the schema of its database.", 0)),
            "files": nullable(whole("Files that it holds.", 0)),
            "notes": items(text(), "What could not be backed up."),
            "error": text("Why it cannot be used; empty for a whole backup."),
        }
    ),
)
COPY = fields({"name": text(), "size_bytes": whole(min=0), "made_at": instant()})
RUNNING = fields(
    {
        "action": choice(("backup", "verify")),
        "phase": text("What is done now."),
        "done_bytes": whole(min=0),
        "total_bytes": whole("0 where it is not known.", 0),
        "seconds": {"type": "number", "minimum": 0},
    }
)
SCHEDULE = fields(
    {
        "hours": items(whole(min=0, max=23), "Hours of the day, by the clock of the hub's machine."),
        "every_hours": whole("0: only at `hours`.", 0),
        "keep": whole("Backups that are kept.", 1),
        "next_at": nullable(instant("null: nothing is scheduled.")),
    }
)
SHOWN = {
    "instance": text("The instance folder."),
    "folder": text("Where backups are."),
    "same_disk": flag("Whether that is the disk of the instance folder."),
    "schedule": SCHEDULE,
    "running": nullable(RUNNING),
    "waiting": flag("Whether a job runs or is about to."),
    "backups": items(BACKUP, "The newest first, at most 100."),
    "copies": items(COPY, "Databases that were copied before a new version changed their tables."),
    "last_backup": nullable(fields(ENDED)),
    "last_check": nullable(fields({**ENDED, "findings": items(FINDING)})),
    "notices": items(text(), "What happened to a database that was damaged, until it is said to be read."),
}
DONE = success({"message": text("A sentence for people.")})
OPERATIONS = {
    "GET /maintenance": Operation(TAG, {200: Answer("The page.", {HTML: PAGE})}),
    "GET /api/maintenance": Operation(TAG, {200: json_answer("The state now.", success(SHOWN))}),
    "POST /api/backups": Operation(
        TAG, {202: json_answer("It has begun; `running` of GET /api/maintenance shows it.", DONE)}, errors=(409,)
    ),
    "POST /api/verify": Operation(
        TAG, {202: json_answer("It has begun; `running` of GET /api/maintenance shows it.", DONE)}, errors=(409,)
    ),
    "DELETE /api/maintenance/running": Operation(TAG, {200: json_answer("It ends in a moment.", DONE)}, errors=(409,)),
    "DELETE /api/maintenance/notices": Operation(TAG, {200: json_answer("The report is removed.", DONE)}),
}
