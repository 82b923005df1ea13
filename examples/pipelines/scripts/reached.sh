#!/usr/bin/env bash
# Prints the environments that have to be deployed after a push, as a JSON list: reached.sh COMMIT-BEFORE.
#
# A pinned environment is reached by its own files and by what is never pinned, any other one by the whole stack.
# All are, if the commit is not there: a new branch, or a history that was rewritten. Reads STACK (default stacks).
set -euo pipefail
before=$1 stack=${STACK:-stacks} reached=

for file in "$stack"/environments/*.yaml; do
  environment=$(basename "$file" .yaml)
  config=$stack/Pulumi.$environment.yaml
  paths=("$stack" requirements.txt)
  if grep -qs '^ *["'\'']\?flireo:release["'\'']\?:' "$config"; then
    paths=("$file" "$config" "$stack/Pulumi.yaml" "$stack/__main__.py" requirements.txt)
  fi
  if ! git cat-file -e "$before^{commit}" 2>/dev/null || ! git diff --quiet "$before" HEAD -- "${paths[@]}"; then
    reached+=${reached:+,}\"$environment\"
  fi
done
echo "[$reached]"
