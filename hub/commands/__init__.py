"""The commands of `python app.py`, one module each; hub/cli.py lists them."""
