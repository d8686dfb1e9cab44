"""HTTP Basic and Digest authentication against a camera (RFC 7617, RFC 7616)."""

import base64
import hashlib
import re
import secrets

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_SCHEME = re.compile(r"(?:^|,\s*)(Basic|Digest)\b", re.IGNORECASE)
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Credentials:
    """User name and password for one camera, and its last challenge."""

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password
        self._digest: dict[str, str] | None = None
        self._basic = False
        self._count = 0

    @property
    def given(self) -> bool:
        """Whether a user name or password is set."""
        return bool(self._username or self._password)

    def challenge(self, headers: list[str]) -> bool:
        """Parse the WWW-Authenticate headers of a 401; False if no scheme is supported. Digest is preferred."""
        self._digest, self._basic = None, False
        for scheme, parameters in _challenges(headers):
            if scheme == "basic":
                self._basic = True
            elif "nonce" in parameters and _hash_name(parameters) in _HASHES and self._digest is None:
                self._digest, self._count = parameters, 0
        return self._basic or self._digest is not None

    def header(self, method: str, target: str) -> str:
        """The Authorization header of a request; "" before a challenge, so that no password is sent unasked."""
        if self._digest is not None:
            return self._digest_header(method, target)
        if self._basic:
            pair = f"{self._username}:{self._password}".encode()
            return "Basic " + base64.b64encode(pair).decode("ascii")
        return ""

    def _digest_header(self, method: str, target: str) -> str:
        challenge = self._digest or {}
        algorithm = challenge.get("algorithm", "MD5")
        realm, nonce = challenge.get("realm", ""), challenge["nonce"]

        def digest(text: str) -> str:
            return _HASHES[_hash_name(challenge)](text.encode()).hexdigest()

        client_nonce = secrets.token_hex(8)
        self._count += 1
        count = f"{self._count:08x}"
        secret = digest(f"{self._username}:{realm}:{self._password}")
        if algorithm.lower().endswith("-sess"):
            secret = digest(f"{secret}:{nonce}:{client_nonce}")
        request = digest(f"{method}:{target}")
        fields = {"username": self._username, "realm": realm, "nonce": nonce, "uri": target}
        unquoted = ""
        if "auth" in re.split(r"[\s,]+", challenge.get("qop", "")):
            fields["response"] = digest(f"{secret}:{nonce}:{count}:{client_nonce}:auth:{request}")
            fields["cnonce"] = client_nonce
            unquoted = f", qop=auth, nc={count}"
        else:
            fields["response"] = digest(f"{secret}:{nonce}:{request}")
        if "opaque" in challenge:
            fields["opaque"] = challenge["opaque"]
        quoted = ", ".join(f'{name}="{_escape(value)}"' for name, value in fields.items())
        named = f", algorithm={algorithm}" if "algorithm" in challenge else ""
        return f"Digest {quoted}{unquoted}{named}"


def _hash_name(parameters: dict[str, str]) -> str:
    return parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _challenges(headers: list[str]) -> list[tuple[str, dict[str, str]]]:
    """(scheme, parameters) of every challenge; one header may contain several."""
    found = []
    for header in headers:
        marks = list(_SCHEME.finditer(header))
        for mark, following in zip(marks, [*marks[1:], None], strict=True):
            text = header[mark.end() : following.start() if following else len(header)]
            parameters = {
                match[1].lower(): match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
                for match in _PARAMETER.finditer(text)
            }
            found.append((mark[1].lower(), parameters))
    return found
