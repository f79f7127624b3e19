# Runs the plugin, its host and the check of clients on Python 3.12, which is what Dify's daemon starts plugins with.
# Usage: python312.sh BIN, the folder of the project's commands
set -eu

python=$(command -v python3.12 || true)
# A shim of pyenv may be on PATH and still have nothing behind it.
"${python:-false}" -c "" 2>/dev/null || python="$(pyenv prefix 3.12 2>/dev/null || true)/bin/python"
"$python" -c "" 2>/dev/null || {
    echo "Python 3.12 was not found: install it (python3.12 on PATH, or with pyenv), then run this again." >&2
    exit 2
}
export MEMCONFORM_PLUGIN_PYTHON="$python"
"$1/python" -m pytest -q -n 2 tests/dify tests/reference_plugin
"$1/memconform" plugin check reference_plugin
"$1/memconform" plugin start reference_plugin
