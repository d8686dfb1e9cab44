"""Flask-Login over the hub's accounts: who the browser of a request is logged in as."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Flask, session
from flask_login import LoginManager, current_user, login_user, logout_user

from hub.access.origins import SESSION_COOKIE
from hub.accounts.account import Account
from hub.accounts.cookie import HubSessionInterface, SessionCookie
from hub.accounts.session_key import SessionKey
from hub.accounts.sessions import ID_KEY, Sessions
from hub.contract.errors import Unavailable

log = logging.getLogger(__name__)


class LoginUser:
    """What Flask-Login needs of a user."""

    is_authenticated = is_active = True
    is_anonymous = False

    def __init__(self, account: Account) -> None:
        self.account = account

    def get_id(self) -> str:
        """What the session keeps of the account."""
        return Sessions.token_of(self.account)


class Login:
    """Logs the browser of the current request in and out."""

    def __init__(self, key: SessionKey, sessions: Sessions) -> None:
        self._key, self._sessions = key, sessions

    def start(self, account: Account) -> None:
        """Give the browser a session of the account, in place of the one that it has."""
        self._key.keep()
        session.clear()
        session.permanent = True  # the cookie expires with the session, not with the browser
        session[ID_KEY] = Sessions.new_id()
        login_user(LoginUser(account))

    def end(self) -> None:
        """End the browser's session, copies of its cookie included."""
        ended = dict(session)
        logout_user()
        session.clear()
        try:
            self._sessions.end(ended)
        except Unavailable as error:
            log.warning("A logout is not stored; a copy of its cookie is refused until the hub ends: %s", error)

    @staticmethod
    def account() -> Account | None:
        """The account that the browser is logged in with."""
        account: Account | None = getattr(current_user, "account", None)
        return account


def set_up(app: Flask, key: SessionKey, hours: int) -> SessionCookie:
    """Configure sessions of the application; what reads their cookie."""
    interface = HubSessionInterface()
    app.session_interface = interface
    app.secret_key = key.text
    app.permanent_session_lifetime = timedelta(hours=hours)
    app.config.update(
        SESSION_COOKIE_NAME=SESSION_COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # Strict would log out whoever follows a link to the hub
        SESSION_REFRESH_EACH_REQUEST=False,  # a session ends a fixed time after its login
    )
    return SessionCookie(app, interface)


def add_login_manager(app: Flask, sessions: Sessions) -> None:
    """Let Flask-Login find the account of a session."""
    manager = LoginManager(app)
    manager.session_protection = None  # phones change their address; the cookie is signed

    def load(_: str) -> LoginUser | None:
        account = sessions.account_of(session)
        return None if account is None else LoginUser(account)

    manager.user_loader(load)
