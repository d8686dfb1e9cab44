"""`python app.py check-models`: try the models of the section [vision]."""

from __future__ import annotations

import argparse

from hub.commands.command import INTERRUPTED_STATUS, Command, setting_flags
from hub.settings.file import load


def check_models(options: argparse.Namespace) -> int:
    """Try the models that find persons and tell them apart; 0 if all can be used, 1 if not, 130 after Ctrl-C.

    Raises SettingsError.
    """
    settings = load(options.instance, setting_flags(options), write=False)
    from hub.vision.check import check_models as check

    try:
        return 0 if check(settings.vision, lambda line: print(line, flush=True)) else 1
    except KeyboardInterrupt:
        return INTERRUPTED_STATUS


COMMAND = Command("check-models", "try the models of the section [vision], say time and memory, and end", check_models)
