#!/usr/bin/env bash
# Checks the stack, and writes what the change means: review.html whole, review.md as a comment. Needs no key.
#
# Reads STACK (folder, default stacks), FORGE (github, gitlab or terminal), LINK (where the whole review will be).
set -euo pipefail
stack=${STACK:-stacks} forge=${FORGE:-terminal} failed=0

limit=github report=text
case $forge in
  github) report=github ;;
  gitlab) limit=gitlab ;;
esac
flireo validate -C "$stack" --format "$report" --fail-on warning || failed=$?
flireo review -C "$stack" --format html --output review.html || failed=$?
flireo review -C "$stack" --format md --limit "$limit" ${LINK:+--link "$LINK"} --output review.md || failed=$?
exit "$failed"
