#!/usr/bin/env bash
# Makes an image like debian:bookworm-slim out of Debian's packages, for machines that reach no registry of images:
#
#   docker/base-image.sh bookworm debian:bookworm-slim
#
# The mirror is the one that this machine's apt uses; its certificates and pip's settings come along, so the result is for use here and
# not for publishing. Needs root, mmdebstrap and a container engine (DOCKER, default docker). Takes half a minute.
set -euo pipefail
suite=${1:?the release, as in bookworm}
tag=${2:?the name of the image, as in debian:bookworm-slim}
docker=${DOCKER:-docker}
if ! command -v mmdebstrap >/dev/null; then
  echo "base-image.sh: mmdebstrap is missing: apt-get install mmdebstrap" >&2
  exit 1
fi
mirror=$(apt-get indextargets --format '$(SITE)' 'Label: Debian' | head -n 1)
if [[ -z $mirror ]]; then
  echo "base-image.sh: this machine's apt knows no Debian mirror (or its lists are empty: apt-get update)" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mmdebstrap --quiet --variant=apt --include=ca-certificates \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*' \
  --customize-hook='cp -L /etc/ssl/certs/ca-certificates.crt "$1"/etc/ssl/certs/ca-certificates.crt' \
  "$suite" "$work/rootfs.tar" "deb $mirror $suite main"
{
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n'
  index=$(python3 -m pip config get global.index-url 2>/dev/null) && printf 'index-url = %s\n' "$index"
} >"$work/pip.conf" || true
printf 'FROM scratch\nADD rootfs.tar /\nCOPY pip.conf /etc/pip.conf\nCMD ["bash"]\n' >"$work/Dockerfile"
"$docker" build --quiet --tag "$tag" "$work" >/dev/null
"$docker" image inspect --format "$tag {{.Os}}/{{.Architecture}} {{.Size}} bytes" "$tag"
