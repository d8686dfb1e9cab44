from gevent import monkey
monkey.patch_all()

"""The hub. `python app.py --help` says how it is started; hub/cli.py does it."""

import sys  # noqa: E402

from hub.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
