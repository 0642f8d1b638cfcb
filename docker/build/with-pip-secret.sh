#!/bin/sh
# with-pip-secret.sh COMMAND…: runs it with the pip configuration that was given as a secret, if one was.
set -eu
if [ -s /run/secrets/pip.conf ]; then export PIP_CONFIG_FILE=/run/secrets/pip.conf; fi
exec "$@"
