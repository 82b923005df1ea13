"""Local voices: a handful of the about 96. Source: api notes, section 16.16; the texts are inferred."""

from __future__ import annotations

from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.store import Row

_VOICES = (
    ("nl_NL-pim-medium", "Pim", "nl_NL", "Dutch, male, calm", "Nederlands, man, rustig"),
    ("nl_NL-ronnie-medium", "Ronnie", "nl_NL", "Dutch, male, lively", "Nederlands, man, levendig"),
    ("nl_BE-nathalie-medium", "Nathalie", "nl_BE", "Flemish, female", "Vlaams, vrouw"),
    ("en_US-amy-medium", "Amy", "en_US", "American English, female", "Amerikaans Engels, vrouw"),
    ("en_GB-alan-medium", "Alan", "en_GB", "British English, male", "Brits Engels, man"),
    ("de_DE-thorsten-medium", "Thorsten", "de_DE", "German, male", "Duits, man"),
    ("fr_FR-siwis-medium", "Siwis", "fr_FR", "French, female", "Frans, vrouw"),
)


def _list(exchange: Exchange) -> Answer:
    del exchange
    voices: list[Row] = [
        {"id": id, "name": name, "language": language, "description": {"en": english, "nl": dutch}}
        for id, name, language, english, dutch in _VOICES  # noqa: A001 - the API's word
    ]
    return Answer({"voices": voices})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return {("GET", "/voices"): _list}
