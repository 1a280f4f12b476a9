#!/usr/bin/env bash
# Moves the tag of the major version, such as v1, to the release whose tag GITHUB_REF_NAME names: `uses: …@v1` follows.
# A fix of an older release than the newest one of its major version moves nothing.
set -euo pipefail

tag=$GITHUB_REF_NAME
major=${tag%%.*}
newest=$(git ls-remote --refs --tags origin "refs/tags/$major.*" | sed 's|.*refs/tags/||' | grep -v -- - | sort -V | tail -n 1)
if [ "$newest" != "$tag" ]; then
  echo "$major stays at $newest"
  exit
fi
git push --force origin "$(git rev-parse "refs/tags/$tag^{commit}"):refs/tags/$major"
