"""A model and its image processor from a folder, loaded by transformers on one thread without a network."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from hub.vision.objects.errors import ModelError, reason
from hub.vision.objects.interfaces import Picture
from hub.vision.objects.model_folder import ENVIRONMENT, find, model_identity

COUNTERS = "num_batches_tracked"
"""Parts of a network that training alone uses."""


class TransformersModel:
    """The model of `vision.<part>`. `absent` are the weights that the folder lacks; they hold random numbers.

    Code that comes with a model is never run.
    """

    def __init__(self, options: dict[str, Any], part: str, auto_class: str) -> None:
        """Load with transformers' `auto_class`. Raises ModelError."""
        self._part, self.folder = part, find(options[part], part)
        os.environ.update({**ENVIRONMENT, "HF_HUB_OFFLINE": "1"})
        try:
            import torch
            import transformers
        except ImportError as error:
            raise ModelError(
                f"vision.{part} needs the packages torch and transformers ({reason(error)}): install "
                "requirements.txt, or name an .onnx file."
            ) from error
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        torch.set_num_threads(1)
        self.torch: Any = torch
        kept = {"local_files_only": True, "trust_remote_code": False}
        try:
            self.processor: Any = transformers.AutoImageProcessor.from_pretrained(self.folder, **kept)
            self.model, info = getattr(transformers, auto_class).from_pretrained(
                self.folder, output_loading_info=True, **kept
            )
        except Exception as error:  # transformers raises anything
            raise self.error("cannot be loaded", error) from error
        self.model.float().eval()
        self.absent = sorted(name for name in info["missing_keys"] if not name.endswith(COUNTERS))
        self._mismatched = len(info["mismatched_keys"])
        self.name = model_identity(options[part], self.folder)

    def check_weights(self, unused: str | None = None) -> None:
        """Raise ModelError unless all weights came from the folder, besides those with `unused` in their name."""
        absent = [name for name in self.absent if unused is None or unused not in name]
        if absent or self._mismatched:
            count = len(absent) + self._mismatched
            raise ModelError(
                f"The {self._part} in {self.folder} does not fit its config.json or is of another kind ({count} of its "
                f"weights are absent or of another size{f', such as {absent[0]}' if absent else ''}): copy all files "
                f"of the model there again, or correct vision.{self._part}."
            )

    def error(self, what: str, error: Exception) -> ModelError:
        """A sentence for an error of the library."""
        return ModelError(
            f"The {self._part} in {self.folder} {what} ({reason(error)}): check that it is the right kind of model, "
            f"and correct vision.{self._part}."
        )


def pil(picture: Picture) -> Any:
    """The picture as transformers takes it."""
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1]))
