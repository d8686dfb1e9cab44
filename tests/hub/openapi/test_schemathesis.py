"""Requests that Schemathesis makes from the OpenAPI document, valid and not, sent to a real hub over HTTP.

No request may fail the hub (5xx other than 503), and every answer has the media type and the schema that the document
promises. Requests are the same in every run. More of them: GATEHOUSE_EXAMPLES=100.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from tests.support.helpers import HubProcess

pytestmark = pytest.mark.slow
EXAMPLES = int(os.environ.get("GATEHOUSE_EXAMPLES", "2"))
BUSY = 503  # an answer with a sentence and Retry-After, not a failure


@pytest.fixture(scope="module")
def schemathesis() -> Any:
    """The library, which takes seconds to import."""
    return pytest.importorskip(
        "schemathesis", reason="Schemathesis is not installed (pip install -r requirements-dev.txt)."
    )


def checks_of(answer: Any) -> list[Any]:
    """What is checked of an answer."""
    from schemathesis import checks
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

    promised = [content_type_conformance, response_schema_conformance]
    return promised if answer.status_code == BUSY else [checks.not_a_server_error, *promised]


def fault_of(case: Any, url: str, session: requests.Session) -> str:
    """What is wrong with the answer to a request; empty where nothing is."""
    answer = case.call(base_url=url, session=session, timeout=20)
    try:
        case.validate_response(answer, checks=checks_of(answer))
    except AssertionError as error:
        return str(error)
    except BaseExceptionGroup as errors:
        return "\n".join(str(error) for error in errors.exceptions)
    return ""


def try_operation(operation: Any, mode: Any, url: str, session: requests.Session) -> list[str]:
    """The first fault of an operation in EXAMPLES requests."""
    faults: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if not faults and (fault := fault_of(case, url, session)):
            faults.append(f"{operation.label}: {fault}")

    with contextlib.suppress(Unsatisfiable):  # no request of this mode is possible, such as a wrong one without fields
        send()
    return faults


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_answers_are_as_the_document_says(schemathesis: Any, hub: HubProcess, mode: str) -> None:
    schema = schemathesis.openapi.from_url(f"{hub.url}/openapi.json")
    faults: list[str] = []
    tried = 0
    with requests.Session() as session:
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.definition.raw.get("x-endless"):
                continue
            tried += 1
            faults += try_operation(operation, schemathesis.GenerationMode(mode), hub.url, session)
    assert faults == [] and tried > 80
