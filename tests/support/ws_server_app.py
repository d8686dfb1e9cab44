"""The server under test, in a process of its own because gevent patches it: `python ws_server_app.py OPTIONS`, as JSON.

Prints {"ports", "warnings"} as one JSON line when it serves, or {"error"}; stops when its standard input ends.
"""

from gevent import monkey

monkey.patch_all()

import contextlib
import hashlib
import json
import logging
import socket
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import gevent
import psutil
from flask import Flask, request
from flask_socketio import SocketIO

from hub.http.server import HubServer, ListenError, ServerOptions
from hub.live.fanout import Fanout
from hub.live.queues import DisconnectWhenFull, DropOldest
from hub.websocket.errors import WebSocketClosed

flask_app = Flask(__name__)
socketio = SocketIO(flask_app, async_mode="gevent", max_http_buffer_size=64 * 1024 * 1024, cors_allowed_origins="*")
fanouts = {}
greenlets = []
closes = []
stall = {"worst": 0.0, "peak": 0}


@socketio.on("echo")
def echo_event(*args):
    return args[0] if args else None


@flask_app.post("/form")
def form():
    return {
        "success": True,
        "fields": dict(request.form),
        "files": {name: len(item.read()) for name, item in request.files.items()},
    }


@flask_app.route("/body", methods=["POST", "PUT"])
def body():
    data = request.get_data()
    return {
        "success": True,
        "length": len(data),
        "sha": hashlib.sha256(data).hexdigest(),
        "listener": request.environ["gatehouse.listener"],
    }


@flask_app.get("/environ")
def environ_page():
    return {key: str(value) for key, value in request.environ.items() if isinstance(value, str)}


@flask_app.get("/crash")
def crash_in_flask():
    raise ValueError("meant to fail")


def answer(start_response, data, status="200 OK"):
    payload = json.dumps(data).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(payload)))])
    return [payload]


def echo(environ, start_response, query):
    websocket = environ["wsgi.websocket"]
    if "limit" in query:
        websocket.max_message_bytes = int(query["limit"][0])
    while (message := websocket.receive()) is not None:
        websocket.send(message)
    closes.append({"id": query.get("id", [""])[0], "code": websocket.close_code, "reason": websocket.close_reason})
    return []


def speak_late(environ, start_response, query):
    """Send after the peer has closed, without catching what that raises."""
    websocket = environ["wsgi.websocket"]
    websocket.receive()
    closes.append({"id": "late", "code": websocket.close_code})
    websocket.send("too late")


def options_of_sockets(environ, start_response, query):
    """Socket options of the connections of this server."""
    values = [handler.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for handler in server.connections]
    return answer(start_response, {"nodelay": [bool(value) for value in values]})


def refuse(environ, start_response, query):
    return answer(start_response, {"success": False, "message": "Not allowed.", "errors": []}, "403 Forbidden")


def push(environ, start_response, query):
    """Send `count` messages of `size` bytes; /state shows the outcome."""
    websocket = environ["wsgi.websocket"]
    sent = 0
    try:
        for number in range(int(query["count"][0])):
            websocket.send(bytes([number % 251]) * int(query["size"][0]))
            sent += 1
        websocket.close(4000, "that was all")
    except WebSocketClosed as error:
        closes.append(
            {"id": query.get("id", [""])[0], "code": error.code, "reason": websocket.close_reason, "sent": sent}
        )
    return []


def chorus(environ, start_response, query):
    """Send from several greenlets at once, each messages of one letter; no message may hold two letters."""
    websocket = environ["wsgi.websocket"]

    def sing(letter):
        with contextlib.suppress(WebSocketClosed):
            for _ in range(10):
                websocket.send(letter * 150_000)

    singers = [gevent.spawn(sing, letter) for letter in "abcdef"]
    while websocket.receive() is not None:
        pass
    gevent.joinall(singers)
    return []


def crash_on_websocket(environ, start_response, query):
    environ["wsgi.websocket"].accept()
    raise ValueError("meant to fail")


def listen_to(environ, start_response, query):
    fanout = fanouts[query["name"][0]]
    listener = fanout.add(environ["wsgi.websocket"], variant=environ["HTTP_HOST"].split(":")[0])
    try:
        while environ["wsgi.websocket"].receive() is not None:
            with fanout.hold(listener):
                fanout.publish("during")
                fanout.publish("not for the sender", skip=listener)
                gevent.sleep(0.05)
                environ["wsgi.websocket"].send("answer")
    finally:
        fanout.remove(listener)
    closes.append({"id": query.get("id", [""])[0], "code": environ["wsgi.websocket"].close_code})
    return []


def publish(environ, start_response, query):
    """Publish `count` messages of `size` bytes, or one made for each key, to the fan-out `name`."""
    fanout = fanouts[query["name"][0]]
    calls = []

    def made_for(key):
        calls.append(key)
        return f"hello {key}"

    began = time.perf_counter()
    if "per_key" in query:
        fanout.publish(made_for)
    for number in range(int(query.get("count", ["0"])[0])):
        fanout.publish(f"{number:08d}" + "x" * (int(query["size"][0]) - 8))
        if "paced" in query:
            gevent.sleep(0)
    return answer(start_response, {"seconds": time.perf_counter() - began, "calls": calls})


def make_fanout(environ, start_response, query):
    settings = json.loads(query["settings"][0])
    policy = DropOldest if settings.pop("drop_old", False) else DisconnectWhenFull
    fanouts[settings["name"]] = Fanout(**settings, policy=policy, spawn=spawn)
    return answer(start_response, {"success": True})


def state(environ, start_response, query):
    memory = psutil.Process().memory_info()
    answered = {
        "closes": list(closes),
        "rss": memory.rss,
        "fanouts": {name: f.status() for name, f in fanouts.items()},
        "worst_stall": stall["worst"],
        "peak": stall["peak"],
        "status": server.status(),
        "greenlets": list(greenlets),
        "open_files": open_files(),
    }
    if "reset" in query:
        closes.clear()
        stall.update(worst=0.0, peak=memory.rss)
    return answer(start_response, answered)


def open_files():
    """How many files this process may have open; 0 where there is no such limit."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def slow(environ, start_response, query):
    started.append(query["name"][0])
    gevent.sleep(float(query["seconds"][0]))
    return answer(start_response, {"success": True, "slept": query["seconds"][0]})


started = []


def begun(environ, start_response, query):
    return answer(start_response, {"started": list(started)})


def stream(environ, start_response, query):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    for number in range(int(query["count"][0])):
        yield bytes([number % 251]) * int(query["size"][0])


def crash(environ, start_response, query):
    raise ValueError("meant to fail")


def say_nothing(environ, start_response, query):
    return []


def stop(environ, start_response, query):
    gevent.spawn(server.stop, float(query["timeout"][0]))
    return answer(start_response, {"success": True})


ROUTES = {
    "/echo": echo,
    "/refuse": refuse,
    "/push": push,
    "/ws-crash": crash_on_websocket,
    "/listen": listen_to,
    "/publish": publish,
    "/fanout": make_fanout,
    "/late": speak_late,
    "/chorus": chorus,
    "/options": options_of_sockets,
    "/state": state,
    "/slow": slow,
    "/begun": begun,
    "/stream": stream,
    "/raw-crash": crash,
    "/nothing": say_nothing,
    "/stop": stop,
}


def app(environ, start_response):
    route = ROUTES.get(environ["PATH_INFO"])
    if route is None:
        return flask_app(environ, start_response)
    return route(environ, start_response, parse_qs(environ["QUERY_STRING"]))


def spawn(name, function, *args):
    """In place of the hub's supervisor; /state lists what was started."""
    greenlets.append(name)
    return gevent.spawn(function, *args)


def watch_the_loop():
    """Record the longest time for which the event loop was blocked, and the peak of memory use."""
    while True:
        began = time.perf_counter()
        gevent.sleep(0.002)
        stall["worst"] = max(stall["worst"], time.perf_counter() - began - 0.002)
        stall["peak"] = max(stall["peak"], psutil.Process().memory_info().rss)


def end_with_parent():
    gevent.get_hub().threadpool.apply(sys.stdin.read)
    server.stop(0.5)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    server = HubServer(app, ServerOptions(**json.loads(sys.argv[1])), spawn)
    try:
        server.open()
    except ListenError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        sys.exit(1)
    gevent.spawn(watch_the_loop)
    server.start()
    print(json.dumps({"ports": server.ports, "warnings": server.warnings}), flush=True)
    gevent.spawn(end_with_parent)
    server.serve_forever()
