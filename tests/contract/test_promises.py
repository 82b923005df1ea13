"""What ends up in users' state and files never changes without a migration (docs/promises.md)."""

from __future__ import annotations

import re
from pathlib import Path

from flireo_iac import settings
from flireo_iac.core.account import ACCOUNT
from flireo_iac.core.refresh import ANSWER
from flireo_iac.errors import ExitCode
from flireo_iac.kinds import KINDS
from flireo_iac.rows import GONE, NOW

ROOT = Path(__file__).parents[2]


def test_types_and_folders() -> None:
    assert {kind.name: (kind.token, kind.folder, kind.single_file) for kind in KINDS.values()} == {
        "agent": ("Agent", "agents", None),
        "analysis_template": ("AnalysisTemplate", "analysis", None),
        "byok_key": ("ByokKey", "byok", None),
        "campaign": ("Campaign", "campaigns", None),
        "campaign_lead": ("CampaignLead", "leads", None),
        "domain": ("Domain", "domains", "domain.yaml"),
        "phone_number": ("PhoneNumber", "numbers", None),
        "sip_trunk": ("SipTrunk", "trunks", None),
        "tool_template": ("ToolTemplate", "tools", None),
    }


def test_what_is_protected() -> None:
    assert {kind.name for kind in KINDS.values() if kind.is_protected} == {"phone_number", "sip_trunk", "byok_key"}


def test_the_types_are_named_on_the_page() -> None:
    page = (ROOT / "docs" / "promises.md").read_text()
    assert [kind.token for kind in KINDS.values() if f"`{kind.token}`" not in page] == []


def test_the_outputs_of_our_own() -> None:
    assert (ACCOUNT, ANSWER, GONE, NOW) == ("__account", "__answer", "__gone", "__now")


def test_exit_codes() -> None:
    codes = {name: value for name, value in vars(ExitCode).items() if name.isupper()}
    assert codes == {
        "DONE": 0,
        "FAILED": 1,
        "CONFIGURATION": 2,
        "AUTHENTICATION": 3,
        "RESOURCE": 4,
        "POLICY": 5,
        "STACK_NOT_FOUND": 6,
        "DIFFERENCES": 7,
        "CANCELLED": 8,
    }
    table = (ROOT / "docs" / "exit-codes.md").read_text()
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.M)} == set(codes.values())


def test_every_setting_is_documented() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    source = Path(settings.__file__).read_text()
    names = set(re.findall(r"\b(FLIREO_[A-Z_]+[A-Z]|flireo:[a-zA-Z]+)\b", source))
    assert names
    assert {name for name in names if f"`{name}`" not in documented} == set()
