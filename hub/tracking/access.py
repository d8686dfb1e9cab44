"""Access of tracking clients: web pages of any origin, since the published page lives elsewhere."""

from __future__ import annotations

from hub.contract.roles import Requirement, Role

CLIENTS = Requirement(Role.DEVICE, readers=True, any_origin=True)
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "content-type, authorization, x-api-key",
    "Access-Control-Max-Age": "600",
}
