"""The routes of the languages in the OpenAPI document."""

from __future__ import annotations

from hub.languages.choice import LANGUAGES
from hub.languages.rest import FORM
from hub.openapi.operation import JSON, Answer, Body, Content, Operation, Parameter, header, in_path
from hub.openapi.schema import choice, fields

TAG = "Pages"

OPERATIONS = {
    "GET /languages/{code}.json": Operation(
        TAG,
        {
            200: Answer(
                "English text -> translation, or the list of its plural forms.",
                {JSON: Content({"type": "object"})},
                {"ETag": "Changes with the words."},
            ),
            304: Answer("The words have not changed."),
        },
        errors=(404,),
        parameters=[
            in_path("code", f"One of {', '.join(LANGUAGES)}."),
            Parameter(
                "v", {"type": "string"}, "The version of the words, as pages name it: the answer is kept for good."
            ),
            header("If-None-Match", "The ETag of an earlier answer."),
        ],
    ),
    "POST /language": Operation(
        TAG,
        {303: Answer("Leads back to the page, with the language in a cookie.", {}, {"Location": "A path of the hub."})},
        errors=(400, 411, 413, 415),
        body=Body({FORM: Content(fields({"language": choice(list(LANGUAGES), "Of the pages.")}))}),
    ),
}
