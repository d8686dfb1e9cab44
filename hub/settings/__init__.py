"""Every setting, declared once: a file for each section, `model.py` with all of them, `file.py` that loads them."""
