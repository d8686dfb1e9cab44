"""How the gate recognises devices: by a token, by the key of an approved registration, by an admitted address."""

from __future__ import annotations

from collections.abc import Callable

from hub.access.credentials import tokens_of
from hub.contract.roles import DEVICE_ROLES, Principal
from hub.devices.admissions import DeviceAdmissions
from hub.devices.service import Devices
from hub.devices.tokens import DeviceTokens
from hub.net.wsgi import Environ


class TokenIdentifier:
    """Recognises the tokens of devices, and the keys that approved registrations were given.

    An unknown token is counted and does no harm: the sender may still be known by something else.
    """

    def __init__(
        self, tokens: DeviceTokens, registrations: Devices, is_open: Callable[[Environ], bool] = lambda _: False
    ) -> None:
        """`is_open`: whether everybody may send a request; such doors may take tokens of their own, as for boards."""
        self._tokens, self._registrations, self._is_open = tokens, registrations, is_open

    def identify(self, environ: Environ) -> Principal | None:
        """The device that has one of the tokens that the request brings."""
        texts = tokens_of(environ)
        for text in texts:
            name = self._tokens.name_of(text)
            if name is None:
                name = self._registrations.serial_of_key(text)
            if name is not None:
                return Principal("device", name, DEVICE_ROLES)
        if texts and not self._is_open(environ):
            self._tokens.report_unknown(environ.get("REMOTE_ADDR", ""))
        return None


class AdmissionIdentifier:
    """Recognises devices that an operator has admitted or blocked, by their address."""

    def __init__(self, admissions: DeviceAdmissions) -> None:
        self._admissions = admissions

    def identify(self, environ: Environ) -> Principal | None:
        """The devices of this address: with the ids that they may use, or without any role where it is blocked."""
        return self._admissions.principal_of(environ.get("REMOTE_ADDR", ""))
