#!/usr/bin/env bash
# Looks whether the account still is what was deployed last: drift.sh ENVIRONMENT. Changes nothing, nor the state.
#
# Drift opens one issue for the environment, later drift edits it, and no drift closes it.
# Reads STACK (default stacks) and FORGE (github, gitlab or terminal).
set -euo pipefail
environment=$1 stack=${STACK:-stacks} code=0
scripts=$(dirname "$0")

flireo refresh -C "$stack" --stack "$environment" --preview-only --expect-no-changes --diff >drift.txt || code=$?
case $code in
  0) "$scripts/${FORGE:-terminal}.sh" close "$environment" ;;
  7)
    sed 's/^/    /' drift.txt >drift.indented
    {
      echo "<!-- flireo drift $environment -->"
      echo "Somebody changed what is deployed in \`$environment\`, past the repository."
      echo "To keep it, write it into the files. To undo it: \`flireo up --stack $environment --refresh\`."
      echo
      # Indented, no word of it is Markdown or a mention. An issue takes 65,536 characters.
      head -c 60000 drift.indented | iconv -c -f UTF-8 -t UTF-8
    } >drift.md
    "$scripts/${FORGE:-terminal}.sh" issue "$environment" drift.md
    ;;
  *) cat drift.txt && exit "$code" ;;
esac
