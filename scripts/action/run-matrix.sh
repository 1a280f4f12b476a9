#!/usr/bin/env bash
# Runs the matrix in the project whose folder this is, and appends the support table to the job's summary.
# Environment: ON (machines), SUITES (words), TITLE, JOBS, REPORT (a folder). Its exit code is that of the command.
set -euo pipefail

netwright=node_modules/.bin/netwright
if [ ! -x "$netwright" ]; then
  echo "::error::Netwright is not installed in $PWD: npm install --save-dev netwright vitest, and commit the lock file."
  exit 2
fi

arguments=(--on "$ON" --report "$REPORT")
if [ -n "${TITLE:-}" ]; then arguments+=(--title "$TITLE"); fi
if [ -n "${JOBS:-}" ]; then arguments+=(--jobs "$JOBS"); fi
read -r -d '' -a suites <<<"${SUITES:-}" || true

table=$(mktemp)
trap 'rm -f "$table"' EXIT
code=0
"$netwright" matrix "${suites[@]}" "${arguments[@]}" --markdown "$table" || code=$?

{
  if [ -s "$table" ]; then
    cat "$table"
  else
    echo "\`netwright matrix --on $ON\` ended with $code and made no table; the log says why."
  fi
} >>"$GITHUB_STEP_SUMMARY"
echo "report=$PWD/$REPORT" >>"$GITHUB_OUTPUT"
exit "$code"
