#!/bin/bash
# Installs the mounted wheels without a network, then starts the Python module with its arguments.
set -euo pipefail
packages=/tmp/headroom-packages
python3 -m pip install --no-index --no-deps --no-cache-dir --disable-pip-version-check --quiet --root-user-action ignore \
  --target "$packages" /opt/ml/processing/input/wheels/*.whl
export PYTHONPATH="$packages:$PYTHONPATH"
exec python3 "$@"
