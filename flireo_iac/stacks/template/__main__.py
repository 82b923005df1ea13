"""Deploys the stack in this folder."""

from flireo_iac import deploy

deploy()
