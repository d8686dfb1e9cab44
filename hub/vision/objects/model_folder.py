"""The folder of a transformers model: one of this machine, or an earlier download of a hub id."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from hub.vision.objects.errors import ModelError, reason
from hub.vision.objects.model_path import digest, identity, local_path

NEEDED = ("config.json", "preprocessor_config.json")
_WEIGHTS = (".safetensors", ".bin")
_WANTED = (".json", ".safetensors", ".bin")
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_ANSWER_SECONDS = 10.0
ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # A dead connection has to end the download.
    "HF_HUB_ETAG_TIMEOUT": "10",
    "HF_HUB_DOWNLOAD_TIMEOUT": "20",
}


def find(text: str, part: str) -> Path:
    """The folder of the model that `vision.<part>` names, without using the network. Raises ModelError."""
    folder = local_path(text)
    if folder.is_dir():
        missing = _missing(folder)
        if missing:
            raise ModelError(
                f"The folder {folder} holds no whole model, its {missing} is missing: copy all files of the model "
                "there."
            )
        return folder
    _check_hub_id(text, part)
    downloaded = _downloaded(text)
    if downloaded is None:
        raise ModelError(
            f"The model {text} is not on this machine: run `python app.py check-models` once with internet, or give "
            f"vision.{part} the folder of a copy."
        )
    return downloaded


def fetch(text: str, part: str, note: Callable[[str], None]) -> None:
    """Download a hub id that is not on this machine yet; `note` gets a sentence first. Raises ModelError."""
    if local_path(text).is_dir():
        return
    _check_hub_id(text, part)
    if _downloaded(text) is None:
        _download(text, part, note)


def model_identity(text: str, folder: Path) -> str:
    """The name of the model in `folder`: it changes with its weights, its configuration and its preprocessing."""
    files = [folder / name for name in NEEDED] + sorted(_weights(folder))
    try:
        return identity("transformers", text.replace("\\", "/").rstrip("/").split("/")[-1], digest(files))
    except OSError as error:
        raise ModelError(f"The model in {folder} cannot be read ({error.strerror}): copy it there again.") from error


def _weights(folder: Path) -> list[Path]:
    """Files of weights, in the one format that is loaded where there are two."""
    for suffix in _WEIGHTS:
        found = list(folder.glob(f"*{suffix}"))
        if found:
            return found
    return []


def _missing(folder: Path) -> str:
    """The file missing in a model's folder; "" if it is complete enough to load."""
    absent = [name for name in NEEDED if not (folder / name).is_file()]
    return absent[0] if absent else "" if _weights(folder) else "model.safetensors"


def _check_hub_id(text: str, part: str) -> None:
    if Path(text).is_absolute() or text.startswith((".", "~")) or not _HUB_ID.fullmatch(text):
        raise ModelError(f"There is no folder {local_path(text)}: correct vision.{part}.")


def _downloaded(hub_id: str) -> Path | None:
    """The folder of an earlier download; None if there is none or it is incomplete."""
    os.environ.update(ENVIRONMENT)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        file = try_to_load_from_cache(hub_id, "config.json")
    except HFValidationError:
        return None
    return Path(file).parent if isinstance(file, str) and not _missing(Path(file).parent) else None


def _download(hub_id: str, part: str, note: Callable[[str], None]) -> None:
    """Download the files that are needed. Asking for their list first shows soon that there is no network."""
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    if constants.HF_HUB_OFFLINE:
        raise ModelError(
            f"The model {hub_id} is not on this machine and HF_HUB_OFFLINE forbids downloads: give vision.{part} the "
            "folder of a copy."
        )
    try:
        names = [file.rfilename for file in HfApi().model_info(hub_id, timeout=_ANSWER_SECONDS).siblings or []]
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelError(f"There is no folder and no model {hub_id}: correct vision.{part}.") from error
    except Exception as error:  # the network library raises anything
        raise ModelError(
            f"The model {hub_id} is not on this machine and {constants.ENDPOINT} cannot be reached: give vision.{part} "
            "the folder of a copy."
        ) from error
    flat = [name for name in names if "/" not in name and name.endswith(_WANTED)]
    if any(name.endswith(".safetensors") for name in flat):
        flat = [name for name in flat if not name.endswith(".bin")]
    note(f"downloads {hub_id}, which is not on this machine yet")
    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=flat))
    except Exception as error:
        raise ModelError(
            f"The download of {hub_id} broke off ({reason(error)}): run the command again, or give vision.{part} the "
            "folder of a copy."
        ) from error
    missing = _missing(folder)
    if missing:
        raise ModelError(f"The model {hub_id} has no {missing}: choose another one for vision.{part}.")
