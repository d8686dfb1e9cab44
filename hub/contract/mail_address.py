"""Addresses of e-mail, as settings and rules take them."""

from __future__ import annotations

import re

ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}")
"""One address without a name: nothing that could begin another header or another address."""
