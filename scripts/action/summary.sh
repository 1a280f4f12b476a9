#!/usr/bin/env bash
# Appends a support table to the job's summary, or says that there is none.
# Usage: summary.sh FILE
set -euo pipefail

{
  if [ -s "$1" ]; then cat "$1"; else echo 'There is no table; the log says why.'; fi
} >>"$GITHUB_STEP_SUMMARY"
