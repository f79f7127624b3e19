# Builds the wheel, installs it into a new environment outside the tree, and runs the main job from another folder.
# Usage: wheel.sh PYTHON (one that has the `build` package and hatchling)
set -eu
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
tree=$(cd "$(dirname "$0")/../.." && pwd)
elsewhere=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null; rm -rf "$elsewhere"' EXIT

cd "$elsewhere"
"$python" -m build --wheel --no-isolation --outdir wheels "$tree" >build.log 2>&1 || { cat build.log; exit 1; }
"$python" -m venv new
new/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$tree/requirements/lock.txt"
new/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index wheels/*.whl
new/bin/python -c 'import memconform, sys; sys.exit("new" not in memconform.__file__)'

new/bin/memconform serve --port 0 --no-access-log >url 2>serve.log &
server=$!
tries=0
until grep -q http url; do
    tries=$((tries + 1))
    test "$tries" -le 100 || { echo "the installed server did not start"; cat serve.log; exit 1; }
    sleep 0.1
done
new/bin/memconform check "$(grep -o 'http[^ ]*' url)" --budget smoke --json result.json
new/bin/memconform explain CORE-16
echo "wheel: $(ls wheels) installed and used from another folder"
