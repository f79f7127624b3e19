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

# What is made of a result: pages with their templates, the specification with its prose, and the names of the API.
new/bin/memconform report result.json --html report.html --junit report.xml --sarif report.sarif --badge badge.svg
new/bin/memconform specification --output site
new/bin/memconform matrix result.json --output matrix
grep -q 'id="SEARCH-10"' report.html
grep -q 'id="SEARCH-10"' site/requirements.html
grep -q 'result.html' matrix/index.html
new/bin/python -c 'import memconform; assert memconform.ConformanceResult.read("result.json").conformant'
new/bin/memconform init --yes --dry-run --start 'uvicorn app:app --port {port}' >/dev/null

# The judge of clients, with the plugin that the wheel carries: a defect is found, and the plugin is packed.
new/bin/memconform plugin selftest --only sends-json-as-text
plugin=$(new/bin/python -c 'from memconform.clients.bends import reference_plugin; print(reference_plugin())')
new/bin/memconform plugin package "$plugin" -o memory_api.difypkg
new/bin/memconform plugin verify memory_api.difypkg --for self-hosted

# Load: the scenarios, their texts and the page's charts come with the wheel. A busy machine may make a run invalid (3).
new/bin/memconform load --list | grep -q '^chat '
code=0
new/bin/memconform load "$(grep -o 'http[^ ]*' url)" --rate 40 --duration 4s --users 10 --set model=0.1 --slo 'laws=0' \
    --json load.json --html load.html || code=$?
test "$code" = 0 || test "$code" = 3
grep -q uPlot load.html

# Bridges and definitions of providers come with the wheel; a bridge whose library is not there says what to install.
new/bin/memconform stores | grep -q '^letta '
new/bin/memconform providers list | grep -q '^langgraph-server '
said=$(new/bin/memconform serve --store langgraph --port 0 2>&1) && { echo "a bridge started without its library"; exit 1; }
echo "$said" | grep -q "install memconform\[langgraph\]" || { echo "$said"; exit 1; }

# Without the extra `server` the judge works, and the commands that need a server say what to install.
new/bin/python -m pip uninstall --quiet --yes --disable-pip-version-check starlette wordllama
new/bin/memconform check "$(grep -o 'http[^ ]*' url)" --requirement CORE-13
new/bin/memconform explain CORE-13 | grep -q deleted-stays-readable
for each in serve selftest demo; do
    said=$(new/bin/memconform "$each" 2>&1) && { echo "'memconform $each' did not fail without its extra"; exit 1; }
    echo "$said" | grep -q "pip install 'memconform\[server" || { echo "$said"; exit 1; }
done
new/bin/python -m pip uninstall --quiet --yes --disable-pip-version-check locust
said=$(new/bin/memconform load --list 2>&1) && { echo "'memconform load' did not fail without its extra"; exit 1; }
echo "$said" | grep -q "pip install 'memconform\[load\]'" || { echo "$said"; exit 1; }
echo "wheel: $(ls wheels) installed and used from another folder"
