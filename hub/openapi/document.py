"""The OpenAPI document of an application: every route, with its operation, its view's docstring and its role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from hub.access.declare import requirement_of
from hub.contract.roles import OPEN, UNDECLARED
from hub.openapi.components import Components
from hub.openapi.operation import JSON, PAGE, Answer, Body, Content, Operation, Operations, Parameter
from hub.openapi.security import SCHEMES, accepted

CITATION = re.compile(r" ?\((?:docs/)?wire/[^)]*\)")
RAISES = re.compile(r"\s*Raises [^.]*\.")
INFO = {
    "title": "Gatehouse hub",
    "description": (
        "What the hub accepts and returns over HTTP. Every refusal has the same JSON body, with a sentence that says "
        "what to do. Unknown fields are accepted; a value that cannot be used never costs a record, it is named in "
        "`warnings`. Times in answers are in UTC; times without a zone in requests are local to the hub. `x-role` is "
        "the role that an operation requires; with `x-readers` the role viewer is enough, too. `security` says what "
        "proves that role; senders of the hub's own machine, of `trusted_networks` and of admitted addresses need no "
        "proof. `x-endless` marks streams, `x-websockets` lists WebSockets and Socket.IO."
    ),
}
OTHER = "Any other refusal, by the hub's limits or access control; the body is the same."


def build(app: Flask, operations: Operations, version: str) -> dict[str, Any]:
    """The document. Routes without an operation are left out; `missing` lists them."""
    components = Components()
    paths: dict[str, Any] = {}
    for method, path, rule in routes(app):
        operation = operations.by_route.get(f"{method} {path}")
        if operation is None:
            continue
        view = app.view_functions[rule.endpoint]
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, rule, view, operation, components)
    tags = sorted({one.tag for one in operations.by_route.values()})
    return {
        "openapi": "3.1.0",
        "info": {**INFO, "version": version},
        "servers": [{"url": "/", "description": "this hub"}],
        "tags": [{"name": tag} for tag in tags],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(components.schemas.items())), "securitySchemes": SCHEMES},
        "x-websockets": [asdict(channel) for channel in operations.channels],
    }


def routes(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """Method, path in OpenAPI's notation and rule of every route; a rule of all methods is a POST."""
    for rule in app.url_map.iter_rules():
        methods = {"POST"} if rule.methods is None else set(rule.methods) - {"HEAD"}
        if getattr(rule, "provide_automatic_options", False):
            methods.discard("OPTIONS")
        path = re.sub(r"<(?:[^:<>]*:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in sorted(methods):
            yield method, path, rule


def missing(app: Flask, operations: Operations) -> list[str]:
    """The routes without an operation."""
    return sorted({f"{method} {path}" for method, path, _ in routes(app)} - operations.by_route.keys())


def unknown(app: Flask, operations: Operations) -> list[str]:
    """The operations without a route."""
    return sorted(operations.by_route.keys() - {f"{method} {path}" for method, path, _ in routes(app)})


def _operation(
    method: str, path: str, rule: Rule, view: Any, operation: Operation, components: Components
) -> dict[str, Any]:
    summary, description = _docstring(view)
    made: dict[str, Any] = {
        "tags": [operation.tag],
        "operationId": _operation_id(method, path),
        "summary": operation.summary or summary,
        "description": operation.description or description,
        "parameters": [_parameter(one) for one in _parameters(rule, operation)],
        "responses": _responses(operation, components),
    }
    if operation.body is not None:
        made["requestBody"] = _body(operation.body, components)
    required = OPEN if rule.endpoint == "static" else requirement_of(view) or UNDECLARED
    made["security"] = accepted(required, operation.asks_token)
    made["x-role"] = required.role.value
    if required.readers:
        made["x-readers"] = True
    if operation.endless:
        made["x-endless"] = True
    return {key: value for key, value in made.items() if value or key in ("responses", "security")}


def _docstring(view: Any) -> tuple[str, str]:
    """First line and rest of a view's docstring, without citations and exceptions."""
    text = RAISES.sub("", CITATION.sub("", (view.__doc__ or "").strip()))
    first, _, rest = text.partition("\n\n")
    return " ".join(first.split()), "\n\n".join(" ".join(part.split()) for part in rest.split("\n\n")).strip()


def _operation_id(method: str, path: str) -> str:
    """A name for generated clients, such as `get_api_captures_capture_id`; it changes only with the address."""
    words = re.findall(r"[A-Za-z0-9]+", path)
    return "_".join([method.lower(), *words]) + ("_" if path.endswith("/") and words else "")


def _parameters(rule: Rule, operation: Operation) -> list[Parameter]:
    """The declared parameters, and those of the path that are not declared."""
    declared = {one.name for one in operation.parameters if one.where == "path"}
    rest = sorted(rule.arguments - declared)
    return [*operation.parameters, *(Parameter(name, {"type": "string"}, "", "path", True) for name in rest)]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    made: dict[str, Any] = {"name": parameter.name, "in": parameter.where, "schema": parameter.schema}
    if parameter.description:
        made["description"] = parameter.description
    if parameter.required:
        made["required"] = True
    return made


def _body(body: Body, components: Components) -> dict[str, Any]:
    made: dict[str, Any] = {"content": _content(body.content, components), "required": body.required}
    return {**made, "description": body.description} if body.description else made


def _content(content: Any, components: Components) -> dict[str, Any]:
    return {kind: _media(one, components) for kind, one in content.items()}


def _media(content: Content, components: Components) -> dict[str, Any]:
    made = {"schema": components.resolve(content.schema)}
    return made if content.example is None else {**made, "example": content.example}


def _responses(operation: Operation, components: Components) -> dict[str, Any]:
    """Answers and errors by status, and `default` for refusals that are the same at every address."""
    error = {JSON: Content(operation.error), **dict.fromkeys(operation.refused_as, PAGE)}
    answers = {str(status): one for status, one in operation.answers.items()}
    refusals = {str(status): Answer(HTTPStatus(status).phrase, error) for status in operation.errors}
    every = {**answers, **{key: one for key, one in refusals.items() if key not in answers}}
    made = {key: _response(every[key], components) for key in sorted(every)}
    return {**made, "default": _response(Answer(OTHER, error), components)}


def _response(answer: Answer, components: Components) -> dict[str, Any]:
    made: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        made["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in answer.headers.items()
        }
    if answer.content:
        made["content"] = _content(answer.content, components)
    return made
