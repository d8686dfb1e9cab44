#!/bin/sh
# Runs every test; see tools/run_tests.py.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P) || exit 1
. "$here/tools/find_python.sh"
exec "$python" "$here/tools/run_tests.py" "$@"
