#!/bin/sh
# install-lock.sh NAME: an environment in /opt/venv with exactly what locks/NAME.txt names, and no pip.
set -eu
python3 -m venv --without-pip /opt/venv
python3 -m pip --python /opt/venv/bin/python install --quiet --disable-pip-version-check --root-user-action ignore \
  --no-compile --require-hashes --only-binary :all: --requirement "locks/$1.txt"
# Unchecked: nobody edits what is installed, and whoever runs it may not be able to write there. Some packages carry templates
# that are no Python; what does not compile here is compiled when it is imported, if ever.
/opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib || true
