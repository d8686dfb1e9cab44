"""A hub that speaks TLS, and certificates that agents and devices must not accept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.net.certificates import make_certificates
from tests.support.helpers import HubProcess

OWN = ["localhost", "127.0.0.1"]
"""Names and addresses that are right for a hub of a test."""


class TlsHub(HubProcess):
    """A hub with the certificate tls/server.pem of its instance folder."""

    def __init__(self, instance: Path, **environ: str) -> None:
        super().__init__(instance, HUB_TLS_CERT="tls/server.pem", HUB_TLS_KEY="tls/server-key.pem", **environ)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.instance / "tls"

    @property
    def authority(self) -> str:
        return str(self.folder / "authority.pem")

    def ports(self) -> list[int]:
        return [self.port, *(self.side[name] for name in ("apriltag", "lpr", "images", "results"))]


def make_certificate(folder: Path, names: list[str] | None = None, days_ago: int = 0) -> None:
    """Makes server.pem, and authority.pem where there is none; it is valid for 825 days."""
    make_certificates(folder, OWN if names is None else names, datetime.now(UTC) - timedelta(days=days_ago))
