"""Every rule that a problem can name: id, severity, why, an example and its mend.

Nothing here checks anything. ``flireo validate --rules`` and ``--explain``, the reports and the pages of ``docs/rules``
are made from it, and a test plays the examples.
"""

from __future__ import annotations

from collections.abc import Mapping

from flireo_iac.rules._entry import RuleEntry
from flireo_iac.rules.environments import ENVIRONMENTS
from flireo_iac.rules.fields import FIELDS
from flireo_iac.rules.files import FILES
from flireo_iac.rules.items import ITEMS
from flireo_iac.rules.live import LIVE
from flireo_iac.rules.prompts import PROMPTS
from flireo_iac.rules.smoke_tests import SMOKE_TESTS
from flireo_iac.rules.values import VALUES
from flireo_iac.rules.waivers import WAIVERS

__all__ = ["RULES", "RuleEntry", "page_of"]

RULES: Mapping[str, RuleEntry] = {
    entry.id: entry
    for entry in sorted(
        (*FILES, *FIELDS, *VALUES, *ENVIRONMENTS, *ITEMS, *PROMPTS, *WAIVERS, *LIVE, *SMOKE_TESTS),
        key=lambda entry: entry.id,
    )
}
"""Every rule by id, in the order of the ids."""


def page_of(entry: RuleEntry) -> str:
    """Give the page of a rule, as Markdown."""
    waiver = (
        f"Can be waived with a reason: `# flireo: allow {entry.id} why it is meant so`."
        if entry.is_waivable
        else "Cannot be waived."
    )
    when = {
        "always": "Found by `flireo validate` and by every deployment.",
        "validate": "Found by `flireo validate`.",
        "live": "Found by `flireo validate --live`, which asks the account.",
        "deploy": "Found when the stack is deployed, because it takes the configuration of the engine.",
    }[entry.when]
    parts = [
        f"# {entry.id}: {entry.title}",
        f"{entry.severity.capitalize()}. {when} {waiver}",
        entry.why,
        *(["## Example", *_files(entry.bad)] if entry.bad else []),
        *(["## Fix", *_files(entry.good)] if entry.good else []),
    ]
    return "\n\n".join(parts) + "\n"


def _files(files: Mapping[str, str]) -> list[str]:
    fence = "~~~"
    return [
        f"`{path}`\n\n{fence}{'markdown' if path.endswith('.md') else 'yaml'}\n{text.rstrip()}\n{fence}"
        for path, text in files.items()
    ]
