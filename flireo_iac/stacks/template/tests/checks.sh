#!/bin/sh
# What a pipeline checks of every pull request. It needs no key and no secret, and sends nothing.
set -eu
cd "$(dirname "$0")/.."

# Every file in every environment. A warning stops, too: mend it, or waive it in the file with a reason.
flireo validate --fail-on warning

# What the change means. Exit code 5 when it deletes or replaces what has to be asked for.
flireo review --gate
