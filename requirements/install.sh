# Makes a virtual environment from a lock file and installs this project into it, editable.
# Usage: install.sh PYTHON FOLDER LOCK
set -eu

"$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "memconform needs Python 3.11 or newer; '$1' is $("$1" --version 2>&1). Try: make PYTHON=python3.12 …" >&2
    exit 2
}
"$1" -m venv --clear "$2" || {
    echo "'$1 -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 2
}
echo "Installing into $2 (a minute or so, once)"
"$2/bin/python" -m pip install --quiet --require-hashes -r "$3"
"$2/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
