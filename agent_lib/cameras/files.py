"""Sources that read picture files, for trials: one picture, or a folder of pictures."""

from pathlib import Path

from agent_lib.cameras.base import Pace, Source, SourceContext, SourceError
from agent_lib.cameras.frames import JPEG_START, MAX_FRAME_BYTES, Frame, FrameError, decode

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


class PictureSource(Source):
    """Loops over one picture, or over all pictures of a folder by name, at `fps`. Files are read one at a time."""

    def __init__(self, context: SourceContext, path: Path) -> None:
        self._context = context
        self._path = path
        self._files: list[Path] = []
        self._index = 0
        self._consecutive_failures = 0
        self._pace = Pace(context.settings.fps, context.stop)

    def open(self) -> None:
        """See Source."""
        if self._path.is_dir():
            self._files = sorted(file for file in self._path.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
            if not self._files:
                raise SourceError("the folder holds no pictures (.jpg, .png, ...)")
        else:
            self._files = [self._path]

    def read(self) -> Frame | None:
        """See Source. A file that is no picture is skipped; if all of them fail in a row, that is an error."""
        if not self._pace.wait():
            return None
        file = self._files[self._index % len(self._files)]
        self._index += 1
        try:
            frame = self._frame(file)
        except (OSError, FrameError) as error:
            self._consecutive_failures += 1
            self._context.on_bad(f"{file.name}: {error}")
            if self._consecutive_failures >= len(self._files):
                raise SourceError(f"no file there is a picture; {file.name}: {error}") from error
            return None
        self._consecutive_failures = 0
        return frame

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _frame(self, file: Path) -> Frame:
        if file.stat().st_size > MAX_FRAME_BYTES:
            raise FrameError(f"The file is larger than {MAX_FRAME_BYTES >> 20} MB.")
        data = file.read_bytes()
        if data[:2] == JPEG_START:
            return Frame(data=data, on_bad=self._context.on_bad)
        return Frame(image=decode(data))
