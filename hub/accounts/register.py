"""Accounts, sessions and the audit log as a part of the hub."""

from __future__ import annotations

from typing import Any

from flask import Flask

from hub.access.origins import OriginCheck
from hub.accounts.audit import AuditLog
from hub.accounts.audit_repository import AUDIT_LOG, AuditRepository
from hub.accounts.expiring import expiring_audit
from hub.accounts.failed_logins import FailedLogins
from hub.accounts.first_account import add_first_account
from hub.accounts.login import Login, add_login_manager, set_up
from hub.accounts.pages import accounts_pages
from hub.accounts.passwords import Passwords
from hub.accounts.repository import ACCOUNTS, ENDED, AccountRepository
from hub.accounts.rest import accounts_rest
from hub.accounts.service import Accounts
from hub.accounts.session_key import SessionKey
from hub.accounts.sessions import SessionIdentifier, Sessions
from hub.context import Hub
from hub.contract.roles import Role
from hub.http.answers import principal

HOUR = 3600.0


def register(app: Flask, hub: Hub) -> None:
    """Add accounts with their pages, recognise their sessions at the gate, and record changes from here on."""
    settings = hub.settings.accounts
    audit = AuditLog(hub.writer, AuditRepository(hub.backend, hub.reader))
    repository = AccountRepository(hub.backend, hub.reader)
    accounts = Accounts(hub.writer, repository, Passwords(hub.lanes.passwords), on_change=hub.gate.changed)
    sessions = Sessions(hub.writer, repository, accounts, settings.session_hours * HOUR, on_change=hub.gate.changed)
    accounts.load()
    sessions.load()
    hub.shared_tables.on(ACCOUNTS, accounts.reload)
    hub.shared_tables.on(ENDED, sessions.reload)
    key = SessionKey(hub.settings.session_key_path)
    if hub.relay.active or not hub.leading.alone:
        key.keep()  # it is to be copied to the other hubs, which read each other's cookies
    cookie = set_up(app, key, settings.session_hours)
    add_login_manager(app, sessions)
    origins = OriginCheck(
        hub.settings.access.allowed_origins, lambda: {port for name, port in hub.addresses.items() if name != "udp"}
    )
    for part in (audit, accounts, sessions, origins, Login(key, sessions), FailedLogins(audit)):
        hub.add(part)
    hub.gate.add_identifier(SessionIdentifier(cookie, sessions))
    hub.gate.csrf_refusal = origins.csrf_refusal
    app.register_blueprint(accounts_pages)
    app.register_blueprint(accounts_rest)
    hub.described_in.append("hub.accounts.operations")
    app.context_processor(_shown_login)
    _keep_audit(hub, audit)
    add_first_account(hub, accounts, repository)


def _keep_audit(hub: Hub, audit: AuditLog) -> None:
    """Write the audit log, expire it, and show its state."""
    hub.audit = audit
    hub.lifecycle.closing.append(audit.close)
    hub.shared_tables.on(AUDIT_LOG, audit.elsewhere)
    hub.status["audit"] = audit.status
    hub.warning_sources.append(audit.warnings)
    hub.supervisor.keep("audit log", audit.run)
    hub.expiring.append(expiring_audit(hub.settings))


def _shown_login() -> dict[str, Any]:
    """For templates: the name of the account that is logged in, "" without one, and what it may do."""
    account, who = Login.account(), principal()
    return {"login_name": account.name if account else "", "is_admin": who.allows(Role.ADMIN)}
