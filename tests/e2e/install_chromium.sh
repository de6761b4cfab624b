#!/bin/sh
# Makes a Chromium available for the browser tests where that can be done without asking anybody: best the one without
# windows, with which they take half as long.
set -u
there() { command -v "$1" >/dev/null 2>&1; }
get() { DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y -qq "$@" >/dev/null 2>&1; }

there chromium-headless-shell && exit 0
if [ "$(id -u)" = 0 ] && there apt-get; then
    echo "Installing Chromium for the browser tests …"
    timeout 120 apt-get update -qq >/dev/null 2>&1
    get chromium-headless-shell fonts-noto-core && exit 0
fi
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    there "$name" && exit 0
done
if [ "$(id -u)" = 0 ] && there apt-get; then
    get chromium fonts-noto-core && exit 0
fi
echo "No Chromium was found and none could be installed: the browser tests will be SKIPPED." >&2
exit 0
