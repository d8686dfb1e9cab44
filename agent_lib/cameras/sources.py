"""Choose the kind of source from a camera's settings (docs/wire/station.md, "Cameras")."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agent_lib.cameras.base import Source, SourceContext, SourceError
from agent_lib.cameras.files import PICTURE_SUFFIXES, PictureSource
from agent_lib.cameras.http import HttpSource
from agent_lib.cameras.native import RtspSource, UsbSource, VideoSource

_STREAMS = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "srt"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def make_source(context: SourceContext) -> Source:
    """The source for these settings, not opened yet; `url` precedes `host` precedes `index`. Raises SourceError."""
    settings = context.settings
    url = settings.url.strip()
    if url.isdigit():
        return UsbSource(context, int(url))
    if url:
        match = _SCHEME.match(url)
        scheme = match[1].lower() if match else "file"
        if match:
            _check(url)
        if scheme in ("http", "https"):
            return HttpSource(context)
        if scheme in _STREAMS:
            return RtspSource(context)
        if scheme == "file":
            return _file_source(context, _path_of(url))
        raise SourceError(
            f"{scheme}:// is no camera address; use rtsp://, http://, https:// or the path of a file or folder"
        )
    if settings.host:
        return RtspSource(context)
    if settings.index is not None:
        return UsbSource(context, settings.index)
    raise SourceError("no camera is set: give its host, url or index", whole=True)


def _check(url: str) -> None:
    """Raise SourceError for an address with an invalid host or port."""
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and (parts.hostname or parts.scheme == "file")
    except ValueError as error:
        raise SourceError("the address is not valid") from error
    if not usable:
        raise SourceError("the address is not valid")


def _path_of(url: str) -> Path:
    """The path of a file:// address, or the path as typed; file:///C:/x means C:/x."""
    if not url.lower().startswith("file://"):
        return Path(url).expanduser()
    path = unquote(urlsplit(url).path)
    return Path(path[1:] if re.match(r"/[A-Za-z]:", path) else path)


def _file_source(context: SourceContext, path: Path) -> Source:
    if not path.exists():
        raise SourceError("there is no such file or folder")
    if path.is_dir() or path.suffix.lower() in PICTURE_SUFFIXES:
        return PictureSource(context, path)
    return VideoSource(context, str(path))
