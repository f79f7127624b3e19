# Sees to it that there is a Chromium for the tests of pages. Usage: chromium.sh
set -eu

for name in "${MEMCONFORM_BROWSER:-chromium}" chromium-browser google-chrome-stable google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing chromium"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    exit 0
fi
echo "The tests of pages need Chromium or Chrome, which is not here. On Debian and Ubuntu: sudo apt-get install chromium;" >&2
echo "elsewhere install it and set MEMCONFORM_BROWSER to its path." >&2
exit 2
