"""Rules that take the account to judge: what exists there, and what is left."""

from __future__ import annotations

from flireo_iac.rules._entry import RuleEntry

LIVE = (
    RuleEntry(
        "FL501",
        "error",
        "a voice that the account does not have",
        "The own voices of the platform, provider `local`, are a list (`flireo voices` shows it). With one that "
        "is not in it nobody can be spoken to.",
        bad={"agents/desk.yaml": "name: Desk\ntts_config: {provider: local, voiceId: nl_NL-pimm-medium}\n"},
        good={"agents/desk.yaml": "name: Desk\ntts_config: {provider: local, voiceId: nl_NL-pim-medium}\n"},
        when="live",
    ),
    RuleEntry(
        "FL502",
        "warning",
        "a model that the account's catalog does not name",
        "The account shows a catalog of providers and their models. One that is not in it may be a typing mistake, or "
        "newer than the catalog. Providers that the catalog gives no models for are not judged.",
        bad={"agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o-minni}\n"},
        good={"agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o-mini}\n"},
        when="live",
    ),
    RuleEntry(
        "FL503",
        "warning",
        "no minutes are left",
        "Without balance inbound calls are rejected and outbound calls are refused, whatever is deployed. Top up the "
        "account in the dashboard.",
        bad={"agents/desk.yaml": "name: Desk\n"},
        good={"agents/desk.yaml": "name: Desk\n"},
        when="live",
    ),
)
