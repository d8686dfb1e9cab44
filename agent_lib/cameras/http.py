"""HTTP cameras: a motion JPEG stream, or JPEG snapshots polled one by one, depending on the response."""

import http.client
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from agent_lib.cameras.auth import Credentials
from agent_lib.cameras.base import Source, SourceContext, SourceError
from agent_lib.cameras.frames import JPEG_START, MAX_FRAME_BYTES, Frame, FrameError, decode, whole_jpeg_length
from agent_lib.cameras.mjpeg import MultipartParser, StreamError

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
_READ_BYTES = 65_536
_RECEIVE_BUFFER = 262_144
_MAX_REDIRECTS = 3
# Not read for this long, a connection holds old pictures, until a read has to wait for data again.
_GAP_SECONDS = 1.0
_WAITED_SECONDS = 0.005
_TIMEOUT = "Stream timeout"


class HttpLink:
    """GET requests to one address over one keep-alive connection, with the camera's credentials."""

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
        """The response after redirects and one answer to a 401.

        Raises OSError, http.client.HTTPException, SourceError.
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
        """Abort a read that blocks in another thread."""
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
        # Credentials are for the camera only, not for the target of a redirect.
        authorization = self._credentials.header("GET", target) if url == self._url else ""
        if authorization:
            headers["Authorization"] = authorization
        reused = self._connection is not None and self._connection.sock is not None
        try:
            return self._send(parts, target, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            # The camera may have closed the keep-alive connection between two pictures: reconnect once.
            if not reused or self._cut:
                raise
            self.close()
            return self._send(parts, target, headers)

    def _send(self, parts: SplitResult, target: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        if self._connection is None or self._connection.sock is None:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.hostname or "", parts.port, timeout=min(CONNECT_SECONDS, self._timeout))
            connection.connect()
            connection.sock.settimeout(self._timeout)
            # Bounds how many old pictures can queue up in the socket while this machine is busy.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            self._connection, self._socket = connection, connection.sock
            if self._cut:
                raise ConnectionAbortedError("stopped")
        self._connection.request("GET", target, headers=headers)
        return self._connection.getresponse()

    def _finish(self, response: http.client.HTTPResponse) -> None:
        """Drain a short response so that the connection can be reused; close it otherwise."""
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
        self._read_at = 0.0  # monotonic: the end of the last read of a stream
        self._behind_since: tuple[float, float] | None = None

    def open(self) -> None:
        """Send one request and detect the kind of camera from the response. Raises SourceError."""
        with _translated(self._context.address, opening=True):
            response = self._request()
            kind = response.headers.get_content_type()
            if response.status == 401:
                raise SourceError(
                    "it refuses the user name or password"
                    if self._link.has_credentials
                    else "it wants a user name and a password"
                )
            if response.status != 200:
                raise SourceError(f"it answered {response.status} {response.reason}; check the path of the address")
            if kind.startswith("multipart/"):
                self._parser = MultipartParser(response.headers.get_boundary("") or "")
            elif kind == "application/octet-stream" or "Content-Type" not in response.headers:
                self._guess(response)
            elif not kind.startswith("image/"):
                raise SourceError(f"it answered {kind}; give the address of its MJPEG stream or its JPEG picture")

    def read(self) -> Frame | None:
        """The next frame; None if the data was no picture. Blocks up to stale_seconds. Raises SourceError."""
        with _translated(self._context.address, opening=False):
            if self._parser is None:
                return self._read_picture()
            assert self._response is not None, "a stream is opened before it is read"
            return self._read_stream(self._parser, self._response)

    def interrupt(self) -> None:
        """See Source."""
        self._link.interrupt()

    def close(self) -> None:
        """See Source."""
        if self._response is not None:
            self._response.close()
        self._link.close()

    def _request(self) -> http.client.HTTPResponse:
        self._times = time.time(), time.monotonic()
        self._response = self._link.get()
        return self._response

    def _guess(self, response: http.client.HTTPResponse) -> None:
        """Detect a stream without a content type: it starts with a delimiter, or its length is unknown."""
        beginning = response.peek(2)[:2]
        if beginning == b"--" or (beginning == JPEG_START and response.length is None):
            self._parser = MultipartParser()
        elif beginning != JPEG_START:
            raise SourceError(
                "it answered something that is no picture; give the address of its MJPEG stream or its JPEG picture"
            )

    def _read_stream(self, parser: MultipartParser, response: http.client.HTTPResponse) -> Frame | None:
        """Read until a picture is complete; if several are, return the newest."""
        end = time.monotonic() + self._stale
        while True:
            began = time.monotonic()
            data = response.read1(_READ_BYTES)
            ts, mono = self._arrived(began)
            if not data:
                raise SourceError("the camera ended the stream")
            bad = parser.bad
            parts = parser.feed(data, ts, mono)
            for _ in range(parser.bad - bad):
                self._context.on_bad("It sent a picture that is cut off or no JPEG")
            if parts:
                data, ts, mono = parts[-1]
                return Frame(data=data, ts=ts, mono=mono, on_bad=self._context.on_bad)
            if time.monotonic() > end:
                raise SourceError(_TIMEOUT, whole=True)

    def _arrived(self, began: float) -> tuple[float, float]:
        """When the data arrived, by both clocks, at the earliest; `began`: monotonic, the beginning of the read.

        If the process or the machine did not run for a while, what is read first arrived meanwhile: it counts as taken
        before, so that no picture shows the vehicle before the one whose tag was read.
        """
        ts, mono = time.time(), time.monotonic()
        if self._read_at and mono - self._read_at > _GAP_SECONDS:
            self._behind_since = (ts - (mono - self._read_at), self._read_at)
        elif mono - began > _WAITED_SECONDS:
            self._behind_since = None
        self._read_at = mono
        return self._behind_since or (ts, mono)

    def _read_picture(self) -> Frame | None:
        """Poll one snapshot; its time is when it was requested."""
        response = self._response
        if response is None:
            if self._context.stop.wait(max(0.0, self._due - time.monotonic())):
                return None
            response = self._request()
            if response.status != 200:
                raise SourceError(f"it answered {response.status} {response.reason} instead of a picture")
        self._response = None
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
        """The complete body of a response. Raises SourceError if it is truncated, too slow or too large."""
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
        # The connection can only be reused after the response is closed.
        response.close()
        if response.will_close:
            self._link.close()
        return bytes(data)


@contextmanager
def _translated(address: str, opening: bool) -> Iterator[None]:
    """Translate errors of sockets, HTTP and the stream to a SourceError whose message names the camera."""
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
    """A library error as a sentence for operators, without secrets."""
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
