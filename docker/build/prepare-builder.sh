#!/bin/sh
# What the stages that build need: Python and pip of the base's own Debian release. APT_MIRROR, if set, takes the place of scheme
# and host in the base's package sources, as in http://mirror.example:3142
set -eu
if [ -n "${APT_MIRROR:-}" ]; then
  find /etc/apt -name '*.list' -o -name '*.sources' | while read -r file; do
    sed -i -E "s#https?://[^/ ]+#${APT_MIRROR%/}#" "$file"
  done
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends ca-certificates python3 python3-pip python3-venv >/dev/null
rm -rf /var/lib/apt/lists/*
