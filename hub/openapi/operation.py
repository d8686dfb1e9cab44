"""What one route accepts and returns: parameters, body, answers by status, errors. Declared beside the route."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from hub.openapi.channels import Channel
from hub.openapi.schema import Named, Schema, SchemaLike, constant, fields, items, nullable, text, whole

JSON = "application/json"
HTML = "text/html"
BYTES: Schema = {"type": "string", "format": "binary"}
ERROR = Named(
    "Error",
    fields(
        {
            "success": constant(False),
            "message": text("What is wrong, as a sentence for people."),
            "errors": items(text(), "The same in parts; at least one.", min=1),
            "retry_after": whole("Seconds after which the same request may succeed.", min=0),
        },
        optional=["retry_after"],
        description="The body of every refusal, whatever the address.",
    ),
)


@dataclass(frozen=True)
class Parameter:
    """A parameter in the query, the path or a header."""

    name: str
    schema: Schema
    description: str
    where: str = "query"
    required: bool = False


@dataclass(frozen=True)
class Content:
    """One media type of a body or an answer, with an example that the schema accepts."""

    schema: SchemaLike
    example: Any = None


PAGE = Content(text())


@dataclass(frozen=True)
class Body:
    """A request body by media type."""

    content: Mapping[str, Content]
    description: str = ""
    required: bool = True


@dataclass(frozen=True)
class Answer:
    """An answer by media type; no content: an empty body."""

    description: str
    content: Mapping[str, Content] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # name -> description


@dataclass(frozen=True)
class Operation:
    """One method of one address. Summary and description come from the view's docstring where they are not given.

    `endless`: the answer is a stream that does not end. `errors`: statuses answered with `error`, the error body, in
    place of which a few older interfaces have one with more keys. `asks_token`: the route itself asks for a token, of a
    device or of boards, though its role is open.
    """

    tag: str
    answers: Mapping[int, Answer]
    errors: Collection[int] = ()
    parameters: Collection[Parameter] = ()
    body: Body | None = None
    summary: str = ""
    description: str = ""
    endless: bool = False
    error: Named = ERROR
    refused_as: Collection[str] = ()  # media types of refusals beside JSON
    asks_token: bool = False


class Operations:
    """The operations of every kind by method and path, such as `GET /api/captures/{capture_id}`."""

    def __init__(self) -> None:
        self.by_route: dict[str, Operation] = {}
        self.channels: list[Channel] = []

    @classmethod
    def of(cls, modules: Iterable[str]) -> Operations:
        """Those of modules with OPERATIONS and maybe CHANNELS, which are imported now and not when the hub starts."""
        found = cls()
        for name in modules:
            module = import_module(name)
            found.add(module.OPERATIONS, getattr(module, "CHANNELS", ()))
        return found

    def add(self, operations: Mapping[str, Operation], channels: Collection[Channel] = ()) -> None:
        """Add a kind's operations and channels. Raises ValueError where a route is described already."""
        twice = sorted(self.by_route.keys() & operations.keys())
        if twice:
            raise ValueError(f"These routes are described twice: {', '.join(twice)}.")
        self.by_route.update(operations)
        self.channels.extend(channels)


def json_body(schema: SchemaLike, example: Any = None, description: str = "", required: bool = True) -> Body:
    """A JSON body."""
    return Body({JSON: Content(schema, example)}, description, required)


def json_answer(description: str, schema: SchemaLike, example: Any = None, **headers: str) -> Answer:
    """A JSON answer."""
    return Answer(
        description, {JSON: Content(schema, example)}, {key.replace("_", "-"): value for key, value in headers.items()}
    )


def success(properties: Mapping[str, SchemaLike], optional: Collection[str] = (), **more: Any) -> Schema:
    """The body of a success: `success: true` and these properties."""
    return fields({"success": constant(True), **properties}, optional, **more)


def page_answer(description: str, key: str, row: SchemaLike, more: Mapping[str, SchemaLike] | None = None) -> Answer:
    """A page of a list: rows under `key`, and the cursor of the next page."""
    following = nullable(text("`cursor` of the next page; null at the end."))
    return json_answer(description, success({key: items(row), "next_cursor": following, **(more or {})}))


def in_path(name: str, description: str, **schema: Any) -> Parameter:
    """A parameter of the path."""
    return Parameter(name, {"type": "string", **schema}, description, "path", True)


def header(name: str, description: str, required: bool = False) -> Parameter:
    """A header."""
    return Parameter(name, {"type": "string"}, description, "header", required)
