"""The kinds of devices and the other parts that register themselves with the hub, in this order.

A new kind of device is one folder and one line here (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from hub.accounts.register import register as accounts
from hub.alerts.register import register as alerts
from hub.apriltag.register import register as apriltag
from hub.backup.register import register as backup
from hub.barriers.register import register as barriers
from hub.context import Hub
from hub.corrections.register import register as corrections
from hub.devices.register import register as devices
from hub.entries.register import register as entries
from hub.http.failures import register as failures
from hub.languages.register import register as languages
from hub.lpr.register import register as lpr
from hub.monitoring.register import register as monitoring
from hub.mqtt.register import register as mqtt
from hub.pages.register import register as pages
from hub.presence.register import register as presence
from hub.retention.register import register as retention
from hub.rules.register import register as rules
from hub.rules.register import register_alarms as rule_alarms
from hub.scales.register import register as scales
from hub.station.register import register as station
from hub.tracking.register import register as tracking
from hub.vehicles.register import register as vehicles
from hub.video.register import register as video
from hub.visits.register import register as visits

REGISTER: tuple[Callable[[Flask, Hub], None], ...] = (
    failures,
    languages,
    accounts,
    video,
    vehicles,
    station,
    lpr,
    corrections,
    devices,
    apriltag,
    tracking,
    presence,
    scales,
    visits,
    monitoring,
    backup,
    rule_alarms,
    alerts,
    rules,
    mqtt,
    barriers,
    retention,
    entries,
    pages,
)
