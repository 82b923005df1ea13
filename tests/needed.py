"""What the example of a kind needs in an account."""

from __future__ import annotations

import httpx

from flireo_iac.kinds import KINDS, Kind, marker
from flireo_iac.kinds._markers import Reference

_STORED = {"campaign": {"status": "draft", "total_leads": 0}}
"""What the server keeps of an object that nobody sends."""


def make_needed(kind: Kind, base_url: str, control_url: str, key: str) -> None:
    """Put into an account what the example of a kind refers to, and the key that a domain needs.

    Args:
        kind: The kind.
        base_url: Address of the emulator's API.
        control_url: Address of its control.
        key: Whose account.
    """
    headers = {"Authorization": f"Bearer {key}"}
    if "byok_key" in kind.needs:
        body = {"provider": "resend", "api_key": "resend-key"}
        httpx.post(f"{base_url}/byok", json=body, headers=headers).raise_for_status()
    for name, info in kind.inputs.items():
        mark = marker(info, Reference)
        if mark is not None and info.is_required():
            target = KINDS[mark.kind]
            make_needed(target, base_url, control_url, key)
            row = {**target.example, **_STORED.get(target.name, {}), "id": kind.example[name]}
            httpx.post(f"{control_url}/objects{target.endpoint.path}", json=row, headers=headers).raise_for_status()
