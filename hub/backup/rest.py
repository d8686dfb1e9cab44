"""REST: backups and checks of the data, for administrators, and their page.

Backups are not served: they hold every secret of the hub. Who may copy them has access to the hub's disk.
"""

from __future__ import annotations

from flask import Blueprint, Response

from hub.access.declare import role
from hub.backup.service import Maintenance
from hub.backup.worker import BACKUP, VERIFY
from hub.contract.roles import Role
from hub.http.answers import answer, note_change, part
from hub.http.page import page

backup_rest = Blueprint("backup_rest", __name__)


@backup_rest.get("/maintenance")
@role(Role.ADMIN)
def maintenance_page() -> Response:
    """Backups, the check of the data and what is kept for how long; data from /api/maintenance."""
    return page("maintenance.html")


@backup_rest.get("/api/maintenance")
@role(Role.ADMIN)
def maintenance() -> Response:
    """Backups with their schedule, what runs now with its progress, and how the last backup and check ended."""
    return answer({"success": True, **part(Maintenance).shown()})


@backup_rest.post("/api/backups")
@role(Role.ADMIN)
def start_backup() -> Response:
    """Start a backup of database, pictures, settings and secrets into the folder of backups."""
    part(Maintenance).start(BACKUP)
    note_change("backup.start", "")
    return answer({"success": True, "message": "The backup has begun."}, 202)


@backup_rest.post("/api/verify")
@role(Role.ADMIN)
def start_check() -> Response:
    """Start a check of the database, of every picture and of the list of backups; nothing is changed."""
    part(Maintenance).start(VERIFY)
    note_change("verify.start", "")
    return answer({"success": True, "message": "The check has begun."}, 202)


@backup_rest.delete("/api/maintenance/running")
@role(Role.ADMIN)
def stop() -> Response:
    """Stop the backup or the check that runs; nothing is left of a backup that was not complete."""
    part(Maintenance).stop()
    note_change("backup.stop", "")
    return answer({"success": True, "message": "It is being stopped."})


@backup_rest.delete("/api/maintenance/notices")
@role(Role.ADMIN)
def dismiss() -> Response:
    """Say that the report of a damaged database was read; it is not shown any more."""
    part(Maintenance).dismiss()
    note_change("damage.read", "")
    return answer({"success": True, "message": "The report is not shown any more."})
