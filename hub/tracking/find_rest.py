"""REST of searches in recorded videos (docs/wire/tracking.md 1.3): started, asked about, cancelled."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request

from hub.access.declare import role
from hub.context import Hub
from hub.contract.errors import RequestError
from hub.contract.roles import Role
from hub.contract.times import utc_text
from hub.http.answers import answer, current_hub, part
from hub.http.body import json_object
from hub.tracking.analysis import Analysis
from hub.tracking.contract.search import parse_search
from hub.tracking.matches import KeptMatches
from hub.tracking.persons import Persons
from hub.tracking.rest import allow_any_origin, refused
from hub.tracking.search import FAILED
from hub.tracking.searches import Searches
from hub.tracking.videos import VideoFolder

find_rest = Blueprint("tracking_find", __name__)
find_rest.after_request(allow_any_origin)
find_rest.register_error_handler(RequestError, refused)
find_api = Blueprint("tracking_videos", __name__, url_prefix="/api/tracking")

RUNNING_STATUS = 202


def register_searches(app: Flask, hub: Hub) -> None:
    """Add searches and their routes to a hub that has the parts Analysis, KeptMatches and Persons."""
    settings = hub.settings.tracking
    searches = Searches(hub.part(Analysis), settings.max_searches, hub.part(KeptMatches).is_deleted)
    hub.add(searches)
    hub.add(VideoFolder(hub.settings.instance / (settings.videos or "videos")))
    app.register_blueprint(find_rest)
    app.register_blueprint(find_api)
    hub.supervisor.keep("searches in videos", searches.run)
    hub.lifecycle.stopping.append(searches.close)
    hub.status["tracking_searches"] = searches.status


@find_rest.post("/find")
@role(Role.DEVICE, readers=True, any_origin=True)
def find() -> Response:
    """Search a video for a person: 200 with the result of a short search, 202 with the address of a longer one."""
    settings = current_hub().settings.tracking
    wanted = parse_search(json_object(request))
    embedding = part(Persons).open(wanted.embedding)
    path = part(VideoFolder).resolve(wanted.video)
    limit = settings.max_distance if wanted.max_distance is None else wanted.max_distance
    search = part(Searches).add(path, wanted.video, embedding, limit, wanted.step)
    if not search.ended.wait(settings.search_wait_seconds):
        response = answer(search.body(), RUNNING_STATUS)
        response.headers["Location"] = f"/find/{search.id}"
        return response
    if search.status == FAILED and search.error is not None:
        raise search.error
    return answer(search.body())


@find_rest.get("/find/<search_id>")
@role(Role.DEVICE, readers=True, any_origin=True)
def progress(search_id: str) -> Response:
    """Progress and result; `?after=N` leaves out the first N matches, which the client has."""
    after = request.args.get("after", 0, type=int)
    return answer(part(Searches).get(search_id).body(max(0, after)))


@find_rest.delete("/find/<search_id>")
@role(Role.DEVICE, readers=True, any_origin=True)
def cancel(search_id: str) -> Response:
    """Cancel; what was found so far is in the answer."""
    return answer(part(Searches).cancel(search_id).body())


@find_api.get("/videos")
@role(Role.VIEWER)
def videos() -> Response:
    """The names of the videos that can be searched."""
    listed = [
        {"name": file.name, "bytes": file.bytes, "modified": utc_text(file.modified)}
        for file in part(VideoFolder).files()
    ]
    return answer({"success": True, "videos": listed})
