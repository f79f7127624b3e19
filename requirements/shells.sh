# Sees to it that there are a zsh and a fish for the tests of the completions. Usage: shells.sh
set -eu

missing=
for name in zsh fish; do
    command -v "$name" >/dev/null || missing="$missing $name"
done
if [ -z "$missing" ]; then exit 0; fi

root=
if [ "$(id -u)" != 0 ]; then root="sudo -n"; fi
if command -v apt-get >/dev/null && $root true 2>/dev/null; then
    echo "Installing$missing"
    # shellcheck disable=SC2086 # words
    $root apt-get update -qq
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    exit 0
fi
echo "The completions are not tried in these shells, which are not here:$missing. On Debian and Ubuntu:" >&2
echo "sudo apt-get install$missing; elsewhere install them; without them their tests are skipped, but in CI they fail." >&2
exit 2
