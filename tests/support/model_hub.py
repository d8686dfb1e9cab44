"""A hub of models on this machine, for tests of downloads."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of a model hub as a download needs."""

    protocol_version = "HTTP/1.1"
    folder: Path
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.rpartition("/")[2]
        names = [*sorted(path.name for path in self.folder.iterdir()), "pytorch_model.bin", "README.md"]
        if self.path.startswith("/api/models/someone/tiny/tree"):
            self._json(
                [
                    {
                        "type": "file",
                        "path": name,
                        "size": (self.folder / name).stat().st_size if (self.folder / name).exists() else 1,
                        "oid": name,
                    }
                    for name in names
                ]
            )
        elif self.path.startswith("/api/models/someone/tiny"):
            self._json({"id": "someone/tiny", "sha": "1" * 40, "siblings": [{"rfilename": name} for name in names]})
        elif "/resolve/" in self.path and (self.folder / name).is_file():
            self._answer((self.folder / name).read_bytes(), {"ETag": f'"{name}"', "X-Repo-Commit": "1" * 40})
        else:
            self._answer(b"{}", {"X-Error-Code": "RepoNotFound"}, 404)

    do_HEAD = do_GET

    def _json(self, content: object) -> None:
        self._answer(json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _answer(self, data: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: the tests' output is theirs."""


@contextmanager
def model_hub(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve the model in `folder` as someone/tiny to processes started now; yields the paths that were asked for."""
    handler = type("OneHub", (Hub,), {"folder": folder, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HOME", str(cache))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    yield handler.asked
    server.shutdown()
    server.server_close()
