#!/usr/bin/env bash
# Pushes the base image into a registry on 127.0.0.1 and prints its reference.
#
#   push.sh PORT [REPOSITORY:TAG]     default: base/debian:bookworm
set -euo pipefail
cd "$(dirname "$0")/../.."
to=127.0.0.1:$1/${2:-base/debian:bookworm}
timeout 300 skopeo --insecure-policy copy -q --dest-tls-verify=false \
	"oci:${OUT:-build/base}:bookworm" "docker://$to"
echo "$to"
