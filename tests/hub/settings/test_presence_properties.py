"""Properties of the settings of vehicle presence: any table is a usable setting, or is refused with a sentence."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.presence.selection import select_vehicle
from hub.settings.file import SettingsError, load
from hub.settings.presence import Presence, VehicleWatch
from tests.support.generated import FEW, numbers, objects, texts

WATCH = objects(
    tuple(VehicleWatch.model_fields),
    {
        "camera": texts() | st.sampled_from(["gate-1", "é", "a/b"]),
        "per_second": numbers(),
        "min_confidence": st.floats(),
        "region": st.lists(numbers() | st.floats(0, 1), max_size=5),
        "min_size": st.floats(0, 1),
        "unknown_seconds": numbers(),
    },
)
PRESENCE = objects(tuple(Presence.model_fields), {"per_second": numbers(), "max_events": numbers()})
EDGES = st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True).map(
    lambda pair: [n / 100 for n in sorted(pair)]
)
USABLE = st.fixed_dictionaries(
    {"camera": st.sampled_from(["gate-1", "é"])},
    optional={
        "per_second": st.floats(0.1, 30),
        "min_confidence": st.floats(0.01, 0.99),
        "region": st.just([]) | st.builds(lambda x, y: [x[0], y[0], x[1], y[1]], EDGES, EDGES),
        "min_size": st.floats(0, 1),
        "unknown_seconds": st.floats(10, 3600),
    },
)
CORNERS = st.tuples(*[st.floats(-100, 800)] * 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


@FEW
@given(watches=st.lists(WATCH | USABLE, max_size=2), presence=PRESENCE)
def test_any_tables_are_settings_or_refused(
    folder: Path, watches: list[dict[str, Any]], presence: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as instance:
        try:
            settings = load(Path(instance), {"vehicles": watches, "presence": presence}, {}, write=False)
        except SettingsError as error:
            assert all(line.strip() for line in str(error).splitlines())
            return
    assert 0.1 <= settings.presence.per_second <= 200 and 1 <= settings.presence.max_events <= 10_000
    for watch in settings.vehicles:
        check(watch)


@FEW
@given(key=texts(), text=texts() | st.text(st.sampled_from('[]"=.{}#\n 1ae')))
def test_any_file_is_settings_or_refused(folder: Path, key: str, text: str) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as instance:
        path = Path(instance) / "hub.toml"
        line = f"\n{json.dumps(key, ensure_ascii=False)} = {text}\n"
        path.write_bytes(f'[[vehicles]]\ncamera = "gate-1"{line}'.encode("utf-8", "surrogatepass"))
        try:
            load(Path(instance), {}, {})
        except SettingsError as error:
            assert str(path) in str(error)


@given(USABLE, st.lists(st.tuples(CORNERS, st.floats(0, 1)), max_size=4))
def test_the_selected_vehicle_is_of_the_region_and_size(
    data: dict[str, Any], found: list[tuple[tuple[float, ...], float]]
) -> None:
    watch = VehicleWatch(**data)
    vehicles = [{"box": list(box), "kind": "car", "confidence": confidence} for box, confidence in found]
    chosen = select_vehicle({"width": 640, "height": 480, "vehicles": vehicles}, watch)
    counted = [
        confidence
        for (left, top, right, bottom), confidence in found
        if confidence >= watch.min_confidence
        and right - left >= watch.min_size * 640
        and (
            not watch.region
            or (
                watch.region[0] <= (left + right) / 2 / 640 <= watch.region[2]
                and watch.region[1] <= (top + bottom) / 2 / 480 <= watch.region[3]
            )
        )
    ]
    assert (None if chosen is None else chosen.confidence) == max(counted, default=None)


def check(watch: VehicleWatch) -> None:
    assert 0.1 <= watch.per_second <= 30 and 0 < watch.min_confidence < 1 and 0 <= watch.min_size <= 1
    assert len(watch.camera) <= 100 and watch.camera == watch.camera.strip() != ""
    assert watch.region == [] or (len(watch.region) == 4 and all(0 <= edge <= 1 for edge in watch.region))
    assert watch.unknown_seconds >= 1 / watch.per_second
