#!/usr/bin/env bash
# Proposes a release for an environment, as a pull request: promote.sh REF|ENVIRONMENT ENVIRONMENT.
#
# One branch and one pull request an environment: a newer proposal takes the place of an older one.
# Reads STACK (default stacks) and FORGE (github, gitlab or terminal).
set -euo pipefail
what=$1 environment=$2 stack=${STACK:-stacks} branch=promote/$2
scripts=$(dirname "$0")

flireo promote -C "$stack" "$what" "$environment"
git add "$stack/Pulumi.$environment.yaml"
if git diff --cached --quiet; then
  echo "$environment runs $what already."
  exit
fi
git checkout --quiet -B "$branch"
git -c user.name=pipeline -c user.email=pipeline@localhost commit --quiet --message "Promote $what to $environment"
flireo review -C "$stack" --base HEAD~1 --format md --output promote.md
"$scripts/${FORGE:-terminal}.sh" request "$branch" "Promote $what to $environment" promote.md
