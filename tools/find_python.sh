# Sourced by the .sh files beside the tools folder: sets $python to a Python that tools/check_python.py accepts, or ends
# with one sentence. Expects $here to be the folder of Gatehouse.
python= too_old=
for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    "$candidate" "$here/tools/check_python.py" >/dev/null 2>&1
    case $? in
        0) python=$candidate; break ;;
        3) [ -n "$too_old" ] || too_old=$candidate ;;
    esac
done
if [ -z "$python" ]; then
    if [ -n "$too_old" ]; then
        "$too_old" "$here/tools/check_python.py"
    else
        echo "Gatehouse needs Python 3.11 or newer and found none: install it (Debian and Ubuntu: sudo apt install python3 python3-venv; elsewhere see https://www.python.org/downloads/), then start this again." >&2
    fi
    exit 3
fi
