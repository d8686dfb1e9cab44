"""Tiny transformers models whose output is known: made, not trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SIDE = 64


def yolos(folder: Path, names: tuple[str, ...] = ("cat", "person", "bus")) -> Path:
    """A detector that finds class 1 in the middle of every picture, a quarter wide and half high, with score 0.8."""
    import torch
    import transformers

    config = transformers.YolosConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=[SIDE, SIDE],
        patch_size=32,
        num_detection_tokens=3,
        id2label=dict(enumerate(names)),
    )
    model = transformers.YolosForObjectDetection(config)
    shares = [0.1, 0.8, *[0.0] * (len(names) - 2), 0.1]
    _constant(model.class_labels_classifier, [share or 1e-9 for share in shares], torch.log)
    _constant(model.bbox_predictor, [0.5, 0.5, 0.25, 0.5], torch.logit)
    sides = {"height": SIDE, "width": SIDE}
    transformers.YolosImageProcessorPil(size=sides, pad_size=sides).save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def _constant(head: Any, values: list[float], inverse: Any) -> None:
    """Have the last layer of a head put out these values whatever goes in."""
    import torch

    last = head.layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(inverse(torch.tensor(values)))


def vit(folder: Path, classifier: bool = False, seed: int = 1, **processing: Any) -> Path:
    """An image encoder of random weights; with `classifier` its folder has weights of no pooler."""
    import torch
    import transformers

    torch.manual_seed(seed)
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=SIDE,
        patch_size=16,
        initializer_range=0.5,
    )
    model = transformers.ViTForImageClassification(config) if classifier else transformers.ViTModel(config)
    transformers.ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}, **processing).save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def clip(folder: Path) -> Path:
    """A model of pictures and texts; its processor cuts off what does not fit into a square."""
    import torch
    import transformers

    torch.manual_seed(2)
    tower = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={**tower, "vocab_size": 20, "max_position_embeddings": 8},
        vision_config={**tower, "image_size": SIDE, "patch_size": 16},
        projection_dim=24,
    )
    processor = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    processor.save_pretrained(folder)
    transformers.CLIPModel(config).save_pretrained(folder)
    return folder


def segformer(folder: Path) -> Path:
    """A network without a pooler that puts out a map, N x size x h x w."""
    import transformers

    config = transformers.SegformerConfig(
        num_encoder_blocks=1,
        depths=[1],
        sr_ratios=[1],
        hidden_sizes=[16],
        patch_sizes=[7],
        strides=[4],
        num_attention_heads=[1],
        mlp_ratios=[1],
    )
    transformers.SegformerModel(config).save_pretrained(folder)
    transformers.ViTImageProcessorPil(size={"height": 32, "width": 16}).save_pretrained(folder)
    return folder
