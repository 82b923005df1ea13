#!/usr/bin/env bash
# What the pipelines write at GitHub, by the program gh: each thing once, edited in place.
#
#   github.sh comment FILE               on the pull request with the number in PULL_REQUEST
#   github.sh issue ENVIRONMENT FILE     the issue about drift
#   github.sh close ENVIRONMENT          closes it
#   github.sh request BRANCH TITLE FILE  pushes HEAD as the branch, as a pull request
#
# Reads GITHUB_REPOSITORY and GH_TOKEN.
set -euo pipefail
repository=repos/$GITHUB_REPOSITORY

# The number of the open issue about drift in environment $1; nothing if there is none.
drift_issue() {
  gh api --paginate "$repository/issues?state=open&per_page=100" \
    --jq ".[] | select((.body // \"\") | startswith(\"<!-- flireo drift $1 -->\")) | .number" | sed -n 1p
}

case $1 in
  comment)
    found=$(gh api --paginate "$repository/issues/$PULL_REQUEST/comments?per_page=100" \
      --jq '.[] | select(.body | startswith("<!-- flireo review -->")) | .id' | sed -n 1p)
    if [ -n "$found" ]; then
      gh api --method PATCH "$repository/issues/comments/$found" --field "body=@$2" --silent
    else
      gh api --method POST "$repository/issues/$PULL_REQUEST/comments" --field "body=@$2" --silent
    fi
    ;;
  issue)
    found=$(drift_issue "$2")
    if [ -n "$found" ]; then
      gh api --method PATCH "$repository/issues/$found" --field "body=@$3" --silent
    else
      gh api --method POST "$repository/issues" --raw-field "title=Drift in $2" --field "body=@$3" --silent
    fi
    ;;
  close)
    found=$(drift_issue "$2")
    if [ -n "$found" ]; then
      gh api --method PATCH "$repository/issues/$found" --raw-field state=closed --silent
    fi
    ;;
  request)
    git push --quiet --force origin "HEAD:refs/heads/$2"
    found=$(gh api "$repository/pulls?state=open&head=${GITHUB_REPOSITORY%%/*}:$2" --jq '.[0].number // empty')
    if [ -n "$found" ]; then
      gh api --method PATCH "$repository/pulls/$found" --raw-field "title=$3" --field "body=@$4" --silent
    else
      gh api --method POST "$repository/pulls" --raw-field "title=$3" --raw-field "head=$2" \
        --raw-field "base=${GITHUB_REF_NAME:-main}" --field "body=@$4" --silent
    fi
    ;;
  *)
    echo "github.sh: $1 is not a command." >&2
    exit 2
    ;;
esac
