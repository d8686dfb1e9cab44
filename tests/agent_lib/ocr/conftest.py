"""Fixtures of the OCR tests."""

from tests.support.trocr import start as start
