"""Check of the Python version, before anything else is imported.

Run as a script it exits with status 0 when this Python is new enough; otherwise it prints one sentence and exits with
status 3. Imported, it does the same to the program that imports it. The syntax must be readable by any Python, 2.7
included.
"""

import sys

FLOOR = (3, 11)
TOO_OLD = 3


def sentence():
    """Return one sentence that says what is wrong with this Python and what to do."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.platform.startswith("linux"):
        cure = (
            "install a newer one (Debian 12 and Ubuntu 24.04 have it: sudo apt install python3 python3-venv;"
            " elsewhere see https://www.python.org/downloads/)"
        )
    elif sys.platform == "win32":
        cure = (
            "type  py install 3.13  in a new window (https://www.python.org/downloads/ has the Python install manager)"
        )
    else:
        cure = "install the newest Python 3 from https://www.python.org/downloads/"
    return "Gatehouse needs Python %d.%d or newer but found only Python %s (%s): %s, then start this again." % (
        FLOOR[0],
        FLOOR[1],
        found,
        sys.executable,
        cure,
    )


if sys.version_info[:2] < FLOOR:
    sys.stderr.write(sentence() + "\n")
    sys.exit(TOO_OLD)
