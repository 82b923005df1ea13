#!/usr/bin/env bash
# Looks whether the account still is what was deployed last: drift.sh ENVIRONMENT. Changes nothing, nor the state.
#
# Drift opens one issue for the environment, later drift edits it, and no drift closes it.
# Reads STACK (default stacks) and FORGE (github, gitlab or terminal).
set -euo pipefail
environment=$1 stack=${STACK:-stacks} forge=${FORGE:-terminal} code=0
scripts=$(dirname "$0")

# The first line of the Markdown names the environment: the issue is found by it. It is cut to what an issue takes.
case $forge in
  terminal) form=(--format text) ;;
  *) form=(--format md --limit "$forge") ;;
esac
flireo drift -C "$stack" --stack "$environment" "${form[@]}" --output drift.md || code=$?
case $code in
  0) "$scripts/$forge.sh" close "$environment" ;;
  7) "$scripts/$forge.sh" issue "$environment" drift.md ;;
  *) exit "$code" ;;
esac
