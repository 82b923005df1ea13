#!/usr/bin/env bash
# Deploys an environment: up.sh ENVIRONMENT. Asks at a terminal; elsewhere the pipeline has asked.
#
# It plans first, and stops with 5 at what has to be asked for; FLIREO_ALLOW allows it. Reads STACK (default stacks).
set -euo pipefail
environment=$1 stack=${STACK:-stacks}

yes=--yes
[ -t 0 ] && yes=
flireo up -C "$stack" --stack "$environment" ${yes:+"$yes"} --message "$(git log -1 --format='%h %s')"
