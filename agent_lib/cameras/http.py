"""HTTP cameras: a motion JPEG stream, or a JPEG picture asked for again and again. What the camera answers decides
which.
"""

import http.client
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urljoin, urlsplit

from agent_lib.cameras.auth import Credentials
from agent_lib.cameras.base import Source, SourceContext, SourceError
from agent_lib.cameras.frames import JPEG_START, MAX_FRAME_BYTES, Frame, FrameError, decode, whole_jpeg_length
from agent_lib.cameras.mjpeg import MultipartParser, StreamError

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
_READ_BYTES = 65_536
_RECEIVE_BUFFER = 262_144
_MAX_REDIRECTS = 3
_TIMEOUT = "Stream timeout"


class HttpLink:
    """GET requests to one address over one connection, with the camera's user name and password."""

    def __init__(self, url: str, username: str, password: str, timeout: float) -> None:
        parts = urlsplit(url)
        self._credentials = Credentials(
            username or unquote(parts.username or ""), password or unquote(parts.password or "")
        )
        self._url = url
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._cut = False

    @property
    def has_credentials(self) -> bool:
        """Whether a user name or password is set for this camera."""
        return self._credentials.given

    def get(self) -> http.client.HTTPResponse:
        """The answer, redirects followed and a 401 answered once. Raises OSError, http.client.HTTPException,
        SourceError.
        """
        url = self._url
        answered = False
        redirects = 0
        while True:
            response = self._request(url)
            if response.status == 401 and self._credentials.given and not answered and url == self._url:
                answered = self._credentials.challenge(response.headers.get_all("WWW-Authenticate") or [])
                if answered:
                    self._finish(response)
                    continue
            if response.status in (301, 302, 303, 307, 308) and redirects < _MAX_REDIRECTS:
                redirects += 1
                url = urljoin(url, response.headers.get("Location", ""))
                self.close()
                if urlsplit(url).scheme not in ("http", "https"):
                    raise SourceError("it sends us on to an address that is not http")
                continue
            return response

    def interrupt(self) -> None:
        """Make a blocked read in another thread end now."""
        self._cut = True
        link = self._socket
        if link is not None:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                log.debug("Closing a camera connection that was closed already: %s", error)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._socket = None

    def _request(self, url: str) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept": "multipart/x-mixed-replace, image/jpeg, */*;q=0.5", "User-Agent": "Gatehouse"}
        # Credentials are for the camera only, not for wherever it sends us on to.
        authorization = self._credentials.header("GET", target) if url == self._url else ""
        if authorization:
            headers["Authorization"] = authorization
        reused = self._connection is not None and self._connection.sock is not None
        try:
            return self._send(parts, target, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            # A kept connection may have been closed by the camera between two pictures: that is no failure.
            if not reused or self._cut:
                raise
            self.close()
            return self._send(parts, target, headers)

    def _send(self, parts, target: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        if self._connection is None or self._connection.sock is None:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.hostname or "", parts.port, timeout=min(CONNECT_SECONDS, self._timeout))
            connection.connect()
            connection.sock.settimeout(self._timeout)
            # Bounds how many old pictures can queue up here when this machine is busy.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            self._connection, self._socket = connection, connection.sock
            if self._cut:
                raise ConnectionAbortedError("stopped")
        self._connection.request("GET", target, headers=headers)
        return self._connection.getresponse()

    def _finish(self, response: http.client.HTTPResponse) -> None:
        """Read the rest of a short answer so that the connection can be used again; close it otherwise."""
        if response.will_close or not 0 <= (response.length or 0) <= 65536:
            self.close()
        else:
            response.read()


class HttpSource(Source):
    """A camera at an http:// or https:// address."""

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        settings = context.settings
        self._link = HttpLink(settings.url, settings.username, settings.password, settings.stale_seconds)
        self._stale = settings.stale_seconds
        self._response: http.client.HTTPResponse | None = None
        self._parser: MultipartParser | None = None
        self._times = (0.0, 0.0)
        self._due = 0.0

    def open(self) -> None:
        """Ask once and see what kind of camera it is. Raises SourceError."""
        with _translated(self._context.address, opening=True):
            self._ask()
            kind = self._response.headers.get_content_type()
            if self._response.status == 401:
                raise SourceError(
                    "it refuses the user name or password"
                    if self._link.has_credentials
                    else "it wants a user name and a password"
                )
            if self._response.status != 200:
                raise SourceError(
                    f"it answered {self._response.status} {self._response.reason}; check the path of the address"
                )
            if kind.startswith("multipart/"):
                self._parser = MultipartParser(self._response.headers.get_param("boundary", "") or "")
            elif kind == "application/octet-stream" or "Content-Type" not in self._response.headers:
                self._guess()
            elif not kind.startswith("image/"):
                raise SourceError(f"it answered {kind}; give the address of its MJPEG stream or its JPEG picture")

    def read(self) -> Frame | None:
        """The next picture; None when what came was none. Blocks up to stale_seconds. Raises SourceError."""
        with _translated(self._context.address, opening=False):
            return self._read_picture() if self._parser is None else self._read_stream(self._parser)

    def interrupt(self) -> None:
        """See Source."""
        self._link.interrupt()

    def close(self) -> None:
        """See Source."""
        if self._response is not None:
            self._response.close()
        self._link.close()

    def _ask(self) -> None:
        self._times = time.time(), time.monotonic()
        self._response = self._link.get()

    def _guess(self) -> None:
        """A camera that does not say what it sends: a stream begins with a delimiter, or has no end."""
        beginning = self._response.peek(2)[:2]
        if beginning == b"--" or (beginning == JPEG_START and self._response.length is None):
            self._parser = MultipartParser()
        elif beginning != JPEG_START:
            raise SourceError(
                "it answered something that is no picture; give the address of its MJPEG stream or its JPEG picture"
            )

    def _read_stream(self, parser: MultipartParser) -> Frame | None:
        """Read on until a picture is complete; of several that came at once the newest is taken."""
        end = time.monotonic() + self._stale
        while True:
            data = self._response.read1(_READ_BYTES)
            ts, mono = time.time(), time.monotonic()
            if not data:
                raise SourceError("the camera ended the stream")
            bad = parser.bad
            parts = parser.feed(data, ts, mono)
            for _ in range(parser.bad - bad):
                self._context.on_bad("It sent a picture that is cut off or no JPEG")
            if parts:
                data, ts, mono = parts[-1]
                return Frame(data=data, ts=ts, mono=mono, on_bad=self._context.on_bad)
            if mono > end:
                raise SourceError(_TIMEOUT, whole=True)

    def _read_picture(self) -> Frame | None:
        """One picture of a camera that gives one at a time; its time is when it was asked for."""
        if self._response is None:
            if self._context.stop.wait(max(0.0, self._due - time.monotonic())):
                return None
            self._ask()
            if self._response.status != 200:
                raise SourceError(f"it answered {self._response.status} {self._response.reason} instead of a picture")
        response, self._response = self._response, None
        ts, mono = self._times
        self._due = mono + 1.0 / max(0.01, self._context.settings.fps)
        data = self._body(response)
        if whole := whole_jpeg_length(data):
            return Frame(data=data[:whole], ts=ts, mono=mono, on_bad=self._context.on_bad)
        try:
            return Frame(image=decode(data), ts=ts, mono=mono)
        except FrameError as error:
            self._context.on_bad(str(error))
            return None

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """All bytes of an answer, as many as it announced. Raises SourceError when they do not come or are too many."""
        announced = response.length
        if announced is not None and announced > MAX_FRAME_BYTES:
            raise SourceError(
                f"it announces a picture of {announced / 1e6:.0f} MB, and at most {MAX_FRAME_BYTES >> 20} MB are taken"
            )
        data = bytearray()
        end = time.monotonic() + self._stale
        while chunk := response.read1(_READ_BYTES):
            data += chunk
            if len(data) > MAX_FRAME_BYTES:
                raise SourceError(f"it sends a picture of more than {MAX_FRAME_BYTES >> 20} MB")
            if time.monotonic() > end:
                raise SourceError(_TIMEOUT, whole=True)
        if announced is not None and len(data) < announced:
            raise SourceError("the connection broke in the middle of a picture")
        # Only an answer that is closed lets its connection be used again.
        response.close()
        if response.will_close:
            self._link.close()
        return bytes(data)


@contextmanager
def _translated(address: str, opening: bool) -> Iterator[None]:
    """Errors of sockets, HTTP and the stream become a SourceError whose sentence names the camera."""
    beginning = f"Cannot open {address}: " if opening else f"{address}: "
    try:
        yield
    except SourceError as error:
        if error.whole:
            raise
        raise SourceError(beginning + str(error), whole=True) from error
    except TimeoutError as error:
        raise SourceError(beginning + "no answer" if opening else _TIMEOUT, whole=True) from error
    except (ssl.SSLCertVerificationError, StreamError, http.client.HTTPException, OSError, ValueError) as error:
        raise SourceError(beginning + _reason(error), whole=True) from error


def _reason(error: Exception) -> str:
    """An error of the libraries in words for people, without secrets."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "this machine does not trust its certificate; use its http:// address or install the certificate"
    if isinstance(error, StreamError):
        return str(error)
    if isinstance(error, http.client.IncompleteRead):
        return "the connection broke in the middle of a picture"
    if isinstance(error, OSError):
        return (error.strerror or "the connection broke").lower()
    if isinstance(error, http.client.HTTPException) and not isinstance(error, http.client.InvalidURL):
        return "it does not speak HTTP as a camera does"
    return "the address is not valid"
