"""The opening handshake of a WebSocket over real sockets."""

import json

import pytest
import websocket

from tests.support import ws


def test_the_application_may_refuse_with_plain_http(server):
    status, headers, body = ws.exchange(server.port, ws.upgrade_request("/refuse"))
    assert status == 403 and json.loads(body)["message"] == "Not allowed."
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(f"{server.ws_url}/refuse", timeout=10)


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": None}, 426),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "not base64 at all!"}, 400),
        ({"Connection": "keep-alive"}, 400),
        ({"Content_Length": "5"}, 400),
    ],
)
def test_a_bad_upgrade_request_is_refused_in_json(server, changes, status):
    response = ws.exchange(server.port, ws.upgrade_request("/echo", **changes))
    ws.json_error(response, status)
    if status == 426:
        assert response[1]["sec-websocket-version"] == "13" and response[1]["upgrade"] == "websocket"


def test_an_upgrade_by_post_or_http_1_0_is_refused(server):
    request = ws.upgrade_request("/echo")
    ws.json_error(ws.exchange(server.port, request.replace(b"GET", b"POST", 1)), 400)
    ws.json_error(ws.exchange(server.port, request.replace(b"HTTP/1.1", b"HTTP/1.0", 1)), 400)


def test_the_accept_key_is_the_one_of_the_rfc(server):
    with ws.connect(server.port) as sock:
        sock.sendall(ws.upgrade_request("/echo", Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ=="))
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in ws.received(sock)


def test_no_extension_is_agreed_to_and_one_offered_protocol_is_chosen(server):
    with ws.connect(server.port) as sock:
        sock.sendall(
            ws.upgrade_request(
                "/echo", Sec_WebSocket_Extensions="permessage-deflate", Sec_WebSocket_Protocol="lpr.v1, other"
            )
        )
        answer = ws.received(sock).decode().lower()
    assert answer.startswith("http/1.1 101 ")
    assert "extensions" not in answer and "sec-websocket-protocol: lpr.v1\r\n" in answer
