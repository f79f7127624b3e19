#!/usr/bin/env bash
# Installs memconform for the action, into an environment of its own: the server that is judged keeps its Python.
# Afterwards the steps of the job find `memconform` on their PATH, and its interpreter in MEMCONFORM_PYTHON.
# Reads INPUT_VERSION (empty: the tree that this script lies in), INPUT_EXTRAS, PYTHON, RUNNER_TEMP.
set -euo pipefail

tree=$(cd "$(dirname "$0")/.." && pwd)
environment=$RUNNER_TEMP/memconform
extras=load${INPUT_EXTRAS:+,${INPUT_EXTRAS//[[:space:]]/}}
what=${INPUT_VERSION:+"memconform[$extras]==$INPUT_VERSION"}
what=${what:-"${tree}[$extras]"}

# A job that uses the action twice installs once.
if [[ $(cat "$environment/installed" 2>/dev/null) != "$what" ]]; then
    "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "::error::memconform needs Python 3.11 or newer; give the action's input python-version"
        exit 2
    }
    "${PYTHON:-python3}" -m venv --clear "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$what"
    printf '%s' "$what" >"$environment/installed"
fi

mkdir -p "$RUNNER_TEMP/memconform-commands"
ln -sf "$environment/bin/memconform" "$RUNNER_TEMP/memconform-commands/memconform"
echo "$RUNNER_TEMP/memconform-commands" >>"$GITHUB_PATH"
echo "MEMCONFORM_PYTHON=$environment/bin/python" >>"$GITHUB_ENV"
"$environment/bin/memconform" --version
