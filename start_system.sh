#!/bin/sh
# Starts the hub and the station agent; see tools/start_system.py.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P) || exit 1
. "$here/tools/find_python.sh"
exec "$python" "$here/tools/start_system.py" "$@"
