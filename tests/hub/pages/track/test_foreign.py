"""Web pages that live elsewhere: one that does what the published page does, and a client that reconnects."""

from __future__ import annotations

import base64
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.support import people
from tests.support.browser import MARKS, browser, fake_webcam
from tests.support.helpers import HubProcess, wait_for
from tests.support.track_page import street

pytestmark = MARKS
FOREIGN = "elsewhere.example"

# What docs/wire/tracking.md 2 says of the browser page: a photo goes up as JSON, then source 0 and the webcam's frames
# run over one socket, and everything is drawn and shown as it comes.
PAGE = """<!doctype html><meta charset="utf-8"><title>elsewhere</title>
<img id="photo" src="photo.jpg"><video id="film" muted></video><canvas id="shown"></canvas><ol id="lines"></ol>
<script>
const hub = "localhost:PORT", film = document.getElementById("film"), shown = document.getElementById("shown");
const sheet = document.createElement("canvas"), record = { statuses: [], replies: 0, drawn: 0, closed: null };
let embedding, socket, clock;
function base64(source, width, height) {
  sheet.width = width; sheet.height = height;
  sheet.getContext("2d").drawImage(source, 0, 0, width, height);
  return sheet.toDataURL("image/jpeg", 0.8).split(",")[1];
}
async function enrol(image) {
  const reply = await fetch(`http://${hub}/upload-embedding`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ image }) });
  if (!reply.ok) throw new Error(`upload: ${reply.status}`);
  embedding = (await reply.json()).embedding;
}
function onReply(reply) {
  if (reply.type === "status") {
    record.statuses.push(reply.status);
    const line = document.createElement("li");
    line.textContent = reply.message.trim();
    document.getElementById("lines").append(line);
  } else if (reply.type === "matches") {
    record.replies += 1;
    shown.width = reply.frame_info.width; shown.height = reply.frame_info.height;
    const pen = shown.getContext("2d");
    for (let n = 0; n < reply.matches.length; n += 1) {
      const [x1, y1, x2, y2] = reply.matches[n].bbox, distance = reply.matches[n].distance;
      pen.strokeStyle = distance < 0.5 ? "#00ff00" : "#ffff00";
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
      pen.fillText(distance.toFixed(2), x1, y1);
      record.drawn += 1;
    }
  }
}
async function run(image) {
  await enrol(image);
  film.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  await film.play();
  socket = new WebSocket(`ws://${hub}/video-stream/webcam_session_${Date.now()}`);
  socket.onmessage = (event) => onReply(JSON.parse(event.data));
  socket.onclose = (event) => { record.closed = event.code; };
  await new Promise((done, failed) => { socket.onopen = done; socket.onerror = () => failed(new Error("no socket")); });
  socket.send(JSON.stringify({ type: "start_tracking", person_embed: embedding, video_source: 0, fps_limit: 5 }));
  clock = setInterval(() => socket.send(JSON.stringify({
    type: "single_frame", frame: base64(film, film.videoWidth, film.videoHeight), person_embed: embedding })), 1000);
}
function end() {
  clearInterval(clock);
  socket.send(JSON.stringify({ type: "stop_tracking" }));
  socket.close();
}
function photo() {
  const one = document.getElementById("photo");
  return base64(one, one.naturalWidth, one.naturalHeight);
}
</script>"""

# What docs/wire/tracking.md 2 says of the reconnecting client: it queues while it is offline, sends all when open, and
# comes back with the same id a second (here 50 ms) after any close, at most five times between two that open.
CLIENT = """
window.client = { attempts: 0, opened: 0, closes: [], statuses: [], pending: [], id: "session_" + Date.now() };
client.send = (message) => {
  if (client.socket.readyState === WebSocket.OPEN) client.socket.send(JSON.stringify(message));
  else client.pending.push(message);
};
client.connect = () => {
  const socket = client.socket = new WebSocket(`ws://localhost:PORT/video-stream/${client.id}`);
  socket.onopen = () => {
    client.attempts = 0; client.opened += 1;
    for (const message of client.pending.splice(0)) client.send(message);
  };
  socket.onmessage = (event) => { client.statuses.push(JSON.parse(event.data).status); };
  socket.onclose = (event) => {
    client.closes.push(event.code);
    if (client.attempts < 5) { client.attempts += 1; setTimeout(client.connect, 50); }
  };
};
client.connect(); client.send({ type: "ping" });
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a log."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """A plain web server of a folder; its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def site(hub: HubProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the foreign page."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text(PAGE.replace("PORT", str(hub.port)), "utf-8")
    (folder / "photo.jpg").write_bytes(people.jpeg(people.portrait(people.RED)))
    return folder


def test_a_page_of_another_origin_works_as_published(hub: HubProcess, site: Path, tmp_path: Path) -> None:
    with served(site) as port:
        address = f"http://{FOREIGN}:{port}"
        flags = (
            f"--host-resolver-rules=MAP {FOREIGN} 127.0.0.1",
            f"--unsafely-treat-insecure-origin-as-secure={address}",  # or else it has no webcam
        )
        with browser(tmp_path, *flags, *fake_webcam(tmp_path / "webcam.mjpeg", street())) as page:
            page.open(f"{address}/index.html")
            assert page.value("location.origin") == address
            assert page.value("run(photo()).then(() => 'runs', (error) => error.message)") == "runs"
            wait_for(lambda: page.value("record.drawn") >= 2, what="boxes")
            statuses = page.value("record.statuses")
            assert statuses[:2] == ["connected", "tracking_started"]
            assert {"error", "video_closed"} <= set(statuses), "the hub has no camera 0; single frames go on"
            green = "[...shown.getContext('2d').getImageData(0, 0, shown.width, shown.height).data]"
            assert page.value(f"{green}.some((value, at, all) => at % 4 === 1 && value > 200 && all[at - 1] < 60)")
            page.value("end()")
            wait_for(lambda: page.value("record.closed") is not None, what="the close")
            assert page.value("record.closed") == 1005 and page.complaints == []
            wait_for(lambda: hub.get("/api/tracking")["sessions"] == 0, what="the end of the session")


def test_a_page_in_a_file_uploads_and_connects(hub: HubProcess, site: Path, tmp_path: Path) -> None:
    with browser(tmp_path, *fake_webcam(tmp_path / "webcam.mjpeg", street())) as page:
        page.open((site / "index.html").as_uri())
        photo = people.jpeg(people.portrait(people.RED))
        text = base64.b64encode(photo).decode()  # a file's picture taints a canvas, so this photo is given as text
        assert page.value(f"run('{text}').then(() => 'runs', (error) => error.message)") == "runs"
        wait_for(lambda: page.value("record.drawn") >= 1, what="a box")
        page.value("end()")


def test_a_reconnecting_client_comes_back_with_its_id(hub: HubProcess, site: Path, tmp_path: Path) -> None:
    with served(site) as port, browser(tmp_path) as page:
        page.open(f"http://127.0.0.1:{port}/index.html")
        page.value(CLIENT.replace("PORT", str(hub.port)))
        wait_for(lambda: page.value("client.statuses.includes('pong')"), what="the pong to the queued ping")
        for number in range(2, 6):
            page.value("client.socket.close(1000)")
            wait_for(lambda number=number: page.value("client.opened") == number, what="the next connection")
            page.value("client.statuses.length = 0; client.send({ type: 'ping' })")
            wait_for(lambda: page.value("client.statuses.includes('pong')"), what="a session that is not mute")
        page.value(
            "client.socket.onclose = null; client.connect()"
        )  # the old socket stays open, as after a lost network
        wait_for(lambda: page.value("client.opened") == 6, what="the connection that takes over")
        page.value("client.statuses.length = 0; client.send({ type: 'ping' })")
        wait_for(lambda: page.value("client.statuses.includes('pong')"), what="the pong on the new socket")
        assert hub.get("/api/tracking")["sessions"] == 1 and set(page.value("client.closes")) == {1000}
