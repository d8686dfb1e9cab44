"""One mail to one server. It runs on gevent's sockets: whatever the server does, the event loop goes on."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import gevent

from hub.runtime.secret_file import UnreadableSecret, read_secret
from hub.settings.mail import Mail

LINE = 70


class MailError(Exception):
    """A mail was not taken. `final`: it never will be."""

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class Secrets:
    """What is read from files, on a native thread."""

    password: str = field(repr=False)
    context: ssl.SSLContext | None


def read_secrets(settings: Mail, instance: Path) -> Secrets:
    """The password and the certificates that are trusted. Raises MailError."""
    password = settings.password
    if settings.password_file:
        try:
            password = read_secret(instance / settings.password_file)
        except UnreadableSecret as error:
            raise MailError(f"mail.password_file {settings.password_file} cannot be read ({error})") from error
    if settings.security == "none":
        return Secrets(password, None)
    try:
        return Secrets(password, ssl.create_default_context(cafile=instance / settings.ca if settings.ca else None))
    except (OSError, ValueError) as error:
        raise MailError(f"mail.ca {settings.ca} cannot be used ({error})") from error


def compose(sender: str, to: Sequence[str], subject: str, text: str, message_id: str) -> EmailMessage:
    """A plain message; its texts have no line breaks where a header must not have any."""
    message = EmailMessage()
    message["From"], message["To"] = sender, ", ".join(to)
    message["Subject"] = " ".join(subject.split())[:200]
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(message_id, sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def send(settings: Mail, secrets: Secrets, message: EmailMessage, to: Sequence[str]) -> dict[str, int]:
    """Deliver a message to the server; the addresses that it refuses, with the codes of its answers.

    Raises MailError where it is not about addresses.
    """
    try:
        with gevent.Timeout(settings.timeout_seconds, TimeoutError(f"no answer in {settings.timeout_seconds:g} s")):
            refused = _send(settings, secrets, message, to)
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(f"the server refuses the login ({error.smtp_code}); check name and password") from error
    except smtplib.SMTPResponseException as error:
        final = isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600
        raise MailError(f"the server answers {error.smtp_code}", final) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailError("the server does not offer what mail.security or the login needs") from error
    except ssl.SSLError as error:
        raise MailError(f"no encrypted connection ({error.reason or error})") from error
    except (smtplib.SMTPException, OSError, EOFError) as error:
        raise MailError(str(getattr(error, "strerror", None) or error) or type(error).__name__) from error
    except UnicodeError as error:
        raise MailError("an address cannot be written in a mail", final=True) from error
    return {address: code for address, (code, _) in refused.items()}


def codes(refused: Mapping[str, int]) -> str:
    """A few of the addresses that a server refuses, in a sentence."""
    return "; ".join(f"{address}: {code}" for address, code in list(refused.items())[:5])


def _send(settings: Mail, secrets: Secrets, message: EmailMessage, to: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    timeout, where = settings.timeout_seconds, (settings.host, settings.used_port)
    server: smtplib.SMTP
    if settings.security == "tls":
        server = smtplib.SMTP_SSL(*where, timeout=timeout, context=secrets.context)
    else:
        server = smtplib.SMTP(*where, timeout=timeout)
    try:
        if settings.security == "starttls":
            server.starttls(context=secrets.context)
        if settings.username:
            server.login(settings.username, secrets.password)
        refused = server.send_message(message, settings.sender, list(to))
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            pass  # it has taken the message already
        return refused
    finally:
        server.close()
