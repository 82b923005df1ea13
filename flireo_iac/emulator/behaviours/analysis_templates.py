"""Analysis templates: plain rows; the successor's paged list is a matter of the dialect."""

from __future__ import annotations

from flireo_iac.emulator.exchange import Exchange, Handler
from flireo_iac.emulator.resource import Resource
from flireo_iac.emulator.store import Row


class AnalysisTemplates(Resource):
    """``/analysis-templates``."""

    collection = "analysis-templates"
    large = frozenset({"schema", "system_prompt", "user_prompt"})

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Fill the organization and an empty description."""
        del given
        return {"org_id": exchange.organization.id, "name": None, "description": None}


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return AnalysisTemplates().routes()
