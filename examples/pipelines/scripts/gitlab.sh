#!/usr/bin/env bash
# What the pipelines write at GitLab, by the program glab: each thing once, edited in place.
#
#   gitlab.sh comment FILE               on the merge request of the pipeline
#   gitlab.sh issue ENVIRONMENT FILE     the issue about drift
#   gitlab.sh close ENVIRONMENT          closes it
#   gitlab.sh request BRANCH TITLE FILE  pushes HEAD as the branch, as a merge request
#
# Reads the CI_… variables of the pipeline, and GITLAB_TOKEN: a project access token with the scope api (and
# write_repository for request).
set -euo pipefail
project=projects/$CI_PROJECT_ID

# The key $2 of the first object at address $1 whose text in key $3 begins with $4; nothing if there is none.
find_first() {
  glab api --paginate --output ndjson "$1" | python3 -c '
import json, sys
key, where, start = sys.argv[1:]
found = [each[key] for each in map(json.loads, sys.stdin) if (each[where] or "").startswith(start)]
print(*found[:1])' "$2" "$3" "$4"
}

drift_issue() {
  find_first "$project/issues?state=opened&per_page=100" iid description "<!-- flireo drift $1 -->"
}

case $1 in
  comment)
    notes=$project/merge_requests/$CI_MERGE_REQUEST_IID/notes
    found=$(find_first "$notes?per_page=100" id body "<!-- flireo review -->")
    if [ -n "$found" ]; then
      glab api --method PUT "$notes/$found" --field "body=@$2" >/dev/null
    else
      glab api --method POST "$notes" --field "body=@$2" >/dev/null
    fi
    ;;
  issue)
    found=$(drift_issue "$2")
    if [ -n "$found" ]; then
      glab api --method PUT "$project/issues/$found" --field "description=@$3" >/dev/null
    else
      glab api --method POST "$project/issues" --raw-field "title=Drift in $2" --field "description=@$3" >/dev/null
    fi
    ;;
  close)
    found=$(drift_issue "$2")
    if [ -n "$found" ]; then
      glab api --method PUT "$project/issues/$found" --raw-field state_event=close >/dev/null
    fi
    ;;
  request)
    # The token goes to git through its environment: it never stands in an address or an argument.
    # shellcheck disable=SC2016
    git -c credential.helper= -c credential.helper='!f() { echo username=oauth2; echo "password=$GITLAB_TOKEN"; }; f' \
      push --quiet --force "$CI_PROJECT_URL.git" "HEAD:refs/heads/$2"
    requests=$project/merge_requests
    found=$(find_first "$requests?state=opened&source_branch=$2" iid source_branch "$2")
    if [ -n "$found" ]; then
      glab api --method PUT "$requests/$found" --raw-field "title=$3" --field "description=@$4" >/dev/null
    else
      glab api --method POST "$requests" --raw-field "title=$3" --raw-field "source_branch=$2" \
        --raw-field "target_branch=$CI_DEFAULT_BRANCH" --field "description=@$4" >/dev/null
    fi
    ;;
  *)
    echo "gitlab.sh: $1 is not a command." >&2
    exit 2
    ;;
esac
