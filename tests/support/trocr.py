"""For the tests of TrOCR without a network: a real, tiny model trained in seconds, and fake processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from agent_lib.ocr.trocr import TrOcrReader
from agent_lib.ocr.trocr_process import TrOcrProcess
from agent_lib.simulator.scene_text import put_text

NUMBERS = ("01001", "98765", "23400")
HEIGHT, WIDTH, PATCH = 16, 48, 8


def strip(text: str, look: int = 0) -> np.ndarray:
    """Dark digits on a light ground, (64, 240, 3) BGR."""
    image = np.full((64, 240, 3), 225, np.uint8)
    put_text(image, text, (120, 32), 40, (25, 25, 25), look)
    return image


def make_model(folder: Path, steps: int = 200) -> float:
    """Write a model that reads NUMBERS; the loss it was left with."""
    import torch
    import transformers

    torch.manual_seed(1)
    torch.set_num_threads(1)
    tokenizer = _tokenizer(transformers)
    processor = transformers.ViTImageProcessorPil(size={"height": HEIGHT, "width": WIDTH})
    model = _model(transformers, tokenizer)
    pixels = processor(images=[strip(number)[:, :, ::-1] for number in NUMBERS], return_tensors="pt").pixel_values
    labels = torch.tensor([tokenizer(" ".join(number)).input_ids + [tokenizer.eos_token_id] for number in NUMBERS])
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(pixel_values=pixels, labels=labels).loss
        loss.backward()
        optimizer.step()
    for part in (tokenizer, processor, model):
        part.save_pretrained(folder)
    return float(loss.detach())


def _tokenizer(transformers: object) -> object:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    words = ["<s>", "<pad>", "</s>", "<unk>", *"0123456789"]
    digits = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    digits.pre_tokenizer = pre_tokenizers.Whitespace()
    digits.decoder = decoders.Fuse()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=digits,
        bos_token="<s>",
        cls_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def _model(transformers: object, tokenizer: object) -> object:
    encoder = transformers.ViTConfig(
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        image_size=(HEIGHT, WIDTH),
        patch_size=PATCH,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    decoder = transformers.TrOCRConfig(
        vocab_size=len(tokenizer),
        d_model=24,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=48,
        max_position_embeddings=32,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        use_learned_position_embeddings=True,
        cross_attention_hidden_size=24,
    )
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 0, 1, 2
    config.tie_word_embeddings = False
    return transformers.VisionEncoderDecoderModel(config)


@pytest.fixture
def start() -> Iterator[Callable[..., TrOcrProcess]]:
    """Factory of processes that are ended after the test."""
    begun: list[TrOcrProcess] = []

    def make(model_id: object, **more: object) -> TrOcrProcess:
        process = TrOcrProcess(str(model_id), more.pop("int8", False), **more)
        begun.append(process)
        process.start()
        return process

    yield make
    for process in begun:
        process.close()


def reader_of(process: TrOcrProcess, digits: int = 5, seconds: float = 60.0) -> TrOcrReader:
    return TrOcrReader(SimpleNamespace(engine="trocr", model_id="", int8=False), digits, process, seconds)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def fake(body: str) -> tuple[str, ...]:
    """A process that speaks the same over the pipes and does what the test wants."""
    code = (
        "import sys, time\nfrom agent_lib.ocr.trocr_wire import receive, send\nsource, out = sys.stdin.buffer, "
        "sys.stdout.buffer\n"
        f"order, _ = receive(source)\n{body}\n"
    )
    return sys.executable, "-c", code


SERVE = "send(out, {'state': 'ready'})\nwhile True:\n    order = receive(source)[0]\n    "
