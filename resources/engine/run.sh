#!/bin/bash
# Starts Headroom's engine inside a processing container: says which glibc there is, checks and unpacks the bundle, becomes the engine.
set -eu
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
bundle="$here/headroom-engine.tar.gz"

# The contents of this file become the job's exit message.
fail() {
  echo "headroom: $1"
  mkdir -p /opt/ml/output && printf '%s' "$1" > /opt/ml/output/message
  exit 1
}

echo "headroom: $(ldd --version 2>&1 | head -n 1)"
if [ -n "${HEADROOM_ENGINE_SHA256:-}" ]; then
  echo "$HEADROOM_ENGINE_SHA256  $bundle" | sha256sum --check --status || fail 'The engine bundle in S3 is not the one that was uploaded. Launch again: it is uploaded anew.'
fi
engine="$(mktemp -d)"
tar -xzf "$bundle" -C "$engine" || fail 'The engine bundle cannot be unpacked. Give the job a larger volume.'
node="$("$engine/engine/bin/node" --version)" || fail 'The engine does not start in this image: it needs glibc 2.28 or later.'
echo "headroom: engine $(cat "$engine/engine/VERSION") with Node $node"
# `exec`, so that the signals of a stopping job reach the engine.
exec "$engine/engine/bin/node" "$engine/engine/app/cli.cjs" "$@"
