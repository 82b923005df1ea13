#!/usr/bin/env bash
# The pipeline on any machine with a clone and the keys in its environment. One run at a time for each environment.
#
#   pipeline.sh check                          what a pull request means
#   pipeline.sh deploy ENVIRONMENT             asks at a terminal: who answers approves
#   pipeline.sh promote REF|ENVIRONMENT ENVIRONMENT
#   pipeline.sh drift ENVIRONMENT              for cron, which mails what it prints
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

# Waits for other runs on this clone. The state has a lock of its own for those on other machines.
alone() {
  flock "$(git rev-parse --git-common-dir)/flireo-$1.lock" "${@:2}"
}

case ${1:-} in
  check) scripts/check.sh && scripts/terminal.sh comment review.md ;;
  deploy) alone "$2" scripts/up.sh "$2" ;;
  promote) alone "$3" scripts/promote.sh "$2" "$3" ;;
  drift) alone "$2" scripts/drift.sh "$2" ;;
  *)
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
