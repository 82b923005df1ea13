#!/usr/bin/env bash
# Checks the stack, and writes what the change means: review.html whole, review.md as a comment. Needs no key.
# Reads STACK (folder, default stacks), FORGE (github, gitlab or terminal), LINK (where the whole review will be), and TESTS
# (environment whose smoke tests are run, offline; default none).
# Reads STACK (folder, default stacks), TESTS (environment whose smoke tests are run, default none), FORGE (github, gitlab or terminal), LINK (where the whole review will be).
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
if [ -n "${TESTS:-}" ]; then
  flireo test -C "$stack" -s "$TESTS" --changed --junit smoke.xml || failed=$?
fi
exit "$failed"
