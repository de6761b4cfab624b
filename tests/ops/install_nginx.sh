#!/bin/sh
# Makes an nginx available for the tests of deploy/nginx.conf where that can be done without asking anybody.
set -u
there() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }

there nginx && exit 0
if [ "$(id -u)" = 0 ] && there apt-get; then
    echo "Installing nginx for the tests of its example …"
    timeout 120 apt-get update -qq >/dev/null 2>&1
    # In runlevel 1 the package does not start a server of its own.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y -qq nginx-light >/dev/null 2>&1 && exit 0
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y -qq nginx >/dev/null 2>&1 && exit 0
fi
echo "No nginx was found and none could be installed: the tests of deploy/nginx.conf will be SKIPPED." >&2
exit 0
