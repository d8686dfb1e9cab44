"""The checks of the doctor, in the order of the report. A new one is a file and a line here."""

from __future__ import annotations

from hub.doctor import (
    certificate,
    clock,
    database,
    deliveries,
    disk_space,
    disk_speed,
    last_backup,
    listening,
    memory,
    picture_packs,
    running,
    schema,
    secret_files,
    settings_file,
    versions,
)
from hub.doctor.finding import Check

CHECKS: tuple[Check, ...] = (
    settings_file.CHECK,
    running.CHECK,
    listening.CHECK,
    certificate.CHECK,
    disk_space.CHECK,
    disk_speed.CHECK,
    memory.CHECK,
    clock.CHECK,
    database.CHECK,
    schema.CHECK,
    picture_packs.CHECK,
    last_backup.CHECK,
    deliveries.WEBHOOK,
    deliveries.MQTT,
    secret_files.CHECK,
    versions.CHECK,
)
