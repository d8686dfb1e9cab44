"""The TrOCR model: locate or download it, load it with transformers, decode greedily. Only the child imports torch."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from agent_lib.ocr import OcrError
from agent_lib.runtime.arrays import Image

_KIND = "vision-encoder-decoder"
_FILES = ("config.json", "preprocessor_config.json")
_WEIGHTS = (".safetensors", ".bin")
_WANTED = (".json", ".txt", ".model", ".safetensors", ".bin")
_ANSWER_SECONDS = 10.0
# Parts that inference does not use: a model file without them is still complete.
_UNUSED = ("pooler",)
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


def folder_of(model_id: str, note: Callable[[str], None]) -> Path:
    """The folder of a model given as a folder or hub id; a hub id is downloaded unless cached. Raises OcrError.

    `note` is called with a sentence when a download starts. Without a network this fails within seconds.
    """
    folder = Path(model_id).expanduser()
    if folder.is_dir():
        _check_complete(folder)
        os.environ["HF_HUB_OFFLINE"] = "1"
        return folder
    if folder.is_absolute() or not _HUB_ID.fullmatch(model_id) or model_id.startswith("."):
        raise OcrError(f"There is no folder {model_id}: correct ocr.model_id.")
    here = _downloaded(model_id)
    if here is not None:
        return here
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        raise OcrError(
            f"The model {model_id} is not on this machine and HF_HUB_OFFLINE forbids downloads: give ocr.model_id "
            "the folder of a copy."
        )
    return _download(model_id, note)


def _downloaded(model_id: str) -> Path | None:
    """The folder of an earlier download, without network access; None if there is none or it is incomplete."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        file = try_to_load_from_cache(model_id, "config.json")
    except HFValidationError:
        return None
    return Path(file).parent if isinstance(file, str) and not _missing(Path(file).parent) else None


def _download(model_id: str, note: Callable[[str], None]) -> Path:
    """Download only the files needed. Listing them first detects quickly that there is no network."""
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        names = [file.rfilename for file in HfApi().model_info(model_id, timeout=_ANSWER_SECONDS).siblings or []]
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise OcrError(f"There is no folder and no model {model_id}: correct ocr.model_id.") from error
    except Exception as error:  # the network library raises anything
        raise OcrError(
            f"The model {model_id} is not on this machine and {constants.ENDPOINT} cannot be reached: "
            "give ocr.model_id the folder of a copy."
        ) from error
    flat = [name for name in names if "/" not in name and name.endswith(_WANTED)]
    if any(name.endswith(".safetensors") for name in flat):
        flat = [name for name in flat if not name.endswith(".bin")]
    note(f"downloads {model_id}, which is not on this machine yet")
    try:
        folder = Path(snapshot_download(model_id, allow_patterns=flat))
    except Exception as error:
        raise OcrError(
            f"The download of {model_id} broke off ({type(error).__name__}): start the agent again, or give "
            "ocr.model_id the folder of a copy."
        ) from error
    _check_complete(folder)
    return folder


def _missing(folder: Path) -> str:
    """The file missing in a model's folder; "" if it is complete enough to load."""
    for name in _FILES:
        if not (folder / name).is_file():
            return name
    return "" if any(file.suffix in _WEIGHTS for file in folder.iterdir()) else "model.safetensors"


def _check_complete(folder: Path) -> None:
    name = _missing(folder)
    if name:
        raise OcrError(
            f"The folder {folder} holds no whole model, its {name} is missing: copy all files of the model there."
        )
    try:
        kind = json.loads((folder / "config.json").read_text("utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OcrError(
            f"The config.json of {folder} cannot be read: copy all files of the model there again."
        ) from error
    if kind != _KIND:
        raise OcrError(f"The model in {folder} is a {kind} and no TrOCR: correct ocr.model_id.")


class TrOcrModel:
    """One loaded model. `note` is a sentence if something requested is unavailable, else ""."""

    def __init__(self, folder: Path, int8: bool) -> None:
        """Load the model and run it once to warm up. Raises OcrError, and whatever the libraries raise."""
        import torch
        import transformers

        transformers.logging.set_verbosity_error()
        torch.set_num_threads(1)
        self.note = ""
        self._torch = torch
        self._processor = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        self._tokenizer = _tokenizer(transformers, folder)
        model, info = transformers.VisionEncoderDecoderModel.from_pretrained(
            folder, local_files_only=True, output_loading_info=True
        )
        absent = [key for key in info["missing_keys"] if not any(part in key for part in _UNUSED)]
        if absent or info["mismatched_keys"]:
            # transformers silently initialises missing weights with random numbers.
            raise OcrError(
                f"The model in {folder} does not fit its config.json ({len(absent) or len(info['mismatched_keys'])} "
                "parts of it are absent or of another size)."
            )
        model.eval()
        model.generation_config = _greedy(transformers, model, self._tokenizer)
        self._model = self._quantized(model) if int8 else model
        self.read(np.full((64, 240, 3), 200, np.uint8), 8)

    def read(self, strip: Image, tokens: int) -> tuple[str, float]:
        """Text (without whitespace) and its probability for a (height, width, 3) BGR strip, in at most `tokens` tokens.

        The probability is the product over the tokens, including the end token; 0 if the text was cut off.
        """
        from PIL import Image

        torch = self._torch
        picture = Image.fromarray(np.ascontiguousarray(strip[:, :, ::-1]))
        pixels = self._processor(images=picture, return_tensors="pt").pixel_values
        with torch.inference_mode():
            out = self._model.generate(
                pixel_values=pixels, max_new_tokens=tokens, output_logits=True, return_dict_in_generate=True
            )
        ids = out.sequences[0][1:].tolist()
        text = "".join(self._tokenizer.decode(ids, skip_special_tokens=True).split())
        if not ids or ids[-1] not in self._ends:
            return text, 0.0
        rows = torch.stack([row[0] for row in out.logits]).double().log_softmax(-1)
        certainty = math.exp(sum(float(row[token]) for row, token in zip(rows, ids, strict=True)))
        return text, certainty if math.isfinite(certainty) else 0.0

    @property
    def _ends(self) -> list[int]:
        end: int | list[int] = self._model.generation_config.eos_token_id
        return end if isinstance(end, list) else [end]

    def _quantized(self, model: Any) -> Any:
        """The model with its linear layers in 8 bits: three to five times as fast."""
        try:
            from torch.ao.quantization import quantize_dynamic

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # works, but is deprecated
                return quantize_dynamic(model, {self._torch.nn.Linear}, dtype=self._torch.qint8)
        except (ImportError, RuntimeError, NotImplementedError) as error:
            self.note = f"int8 cannot be had here ({str(error).splitlines()[0]}), so the model reads as it is"
            return model


def _tokenizer(transformers: Any, folder: Path) -> Any:
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        if (
            not (folder / "tokenizer.json").is_file()
            and list(folder.glob("*.model"))
            and importlib.util.find_spec("sentencepiece") is None
        ):
            raise OcrError(
                "The small TrOCR models need the package sentencepiece: install it (pip install sentencepiece) and "
                "start the agent again."
            ) from error
        raise


def _greedy(transformers: Any, model: Any, tokenizer: Any) -> Any:
    """Settings for plain greedy search: a model's own beams and repetition penalties are slow and distort `11111`."""
    own, decoder = model.generation_config, model.config.decoder
    marks = {}
    for name, last in (
        ("decoder_start_token_id", tokenizer.cls_token_id),
        ("eos_token_id", tokenizer.eos_token_id),
        ("pad_token_id", tokenizer.pad_token_id),
    ):
        given = (getattr(own, name, None), getattr(model.config, name, None), getattr(decoder, name, None), last)
        marks[name] = next((value for value in given if value is not None), None)
    if marks["decoder_start_token_id"] is None or marks["eos_token_id"] is None:
        raise OcrError(
            "The model does not say with which tokens a text begins and ends: use the generation_config.json that "
            "belongs to it."
        )
    return transformers.GenerationConfig(num_beams=1, do_sample=False, **marks)
