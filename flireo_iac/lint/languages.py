"""Do prompt, speech recognition and voice speak one language. The language of a text is guessed from common words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from flireo_iac.lint.finding import Finding, about, block, finding
from flireo_iac.lint.passages import Passage
from flireo_iac.stacks.load import LoadedStack

_COMMON = {
    "nl": "de het een en van ik te dat die in is niet je op met voor zijn aan er maar om hem dan zou of wat mijn "
    "dit zo door over ze bij ook tot uit als naar kan geen nog wel u wij hoe hebben wordt worden deze vraag",
    "en": "the of and to a in that is was he for it with as his on be at by had not are but from or have an they "
    "which you were her all she there would their we him been has when who will more if no out so said what "
    "your ask caller",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus "
    "er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum haben nur oder aber vor "
    "zur bis ihr wenn",
    "fr": "de la le et les des en un du une que est pour qui dans par plus pas au sur ne se ce il sont avec son aux "
    "ou mais comme nous vous leur elle être cette ses votre si je tout fait ont deux même ces à",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si "
    "sin sobre este ya entre cuando todo esta ser son dos también fue había era muy años hasta usted",
    "it": "di e il la che in un a per è una sono del non con si da le i dei al della nel gli come più anche ma lo "
    "alla delle o se ha questo ci su era nella suo tra dal mi chi quando essere due",
    "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à "
    "seu sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre você",
    "pl": "w i na z się do nie że to jest o jak a po za co od przez dla są ale tak czy przy lub tego jego już być "
    "ma które może tylko jeszcze był była pan pani oraz",
    "sv": "och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi så kan när "
    "hon under också efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla du",
    "da": "og i at det er en til af som på de for med den der har ikke et om var jeg han men kan fra så vi skal sig "
    "ved eller også hun når hvor hvis nu efter være du blev være havde alle din",
    "no": "og i det er på som en til av for at med de har ikke den et om var jeg han men kan fra så vi skal seg ved "
    "eller også hun når hvor hvis nå etter være du ble hadde alle din noe",
}
_NAMES = {
    "nl": ("nl", "dutch", "nederlands", "niederländisch", "néerlandais"),
    "en": ("en", "english", "engels", "englisch", "anglais", "inglés"),
    "de": ("de", "german", "deutsch", "duits", "allemand", "alemán"),
    "fr": ("fr", "french", "français", "frans", "französisch", "francés"),
    "es": ("es", "spanish", "español", "spaans", "spanisch", "espagnol"),
    "it": ("it", "italian", "italiano", "italiaans", "italienisch", "italien"),
    "pt": ("pt", "portuguese", "português", "portugees", "portugiesisch"),
    "pl": ("pl", "polish", "polski", "pools", "polnisch", "polonais"),
    "sv": ("sv", "swedish", "svenska", "zweeds", "schwedisch"),
    "da": ("da", "danish", "dansk", "deens", "dänisch"),
    "no": ("no", "norwegian", "norsk", "noors", "norwegisch"),
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST = 6
"""Fewest common words that a guess stands on."""
_ENOUGH = 6000
"""Characters that a guess looks at."""
_MARGIN = 1.5
"""How much more often the words of a language have to come than those of the next."""


@cache
def guess(text: str) -> str | None:
    """Guess the language of a text from the common words in it; None when it is too short or unclear."""
    words = Counter(_WORD.findall(text[:_ENOUGH].lower()))
    counts = sorted(
        ((sum(words[word] for word in common), language) for language, common in _WORDS.items()), reverse=True
    )
    (most, language), (second, _) = counts[0], counts[1]
    return language if most >= _FEWEST and most >= _MARGIN * second else None


def find(stack: LoadedStack, passages: Sequence[Passage]) -> Iterator[Finding]:
    """Find agents that hear, say and read different languages.

    Args:
        stack: The stack in one environment.
        passages: Its texts.
    """
    texts: dict[str, list[Passage]] = {}
    for passage in passages:
        if passage.use in ("prompt", "spoken"):
            texts.setdefault(passage.item.key, []).append(passage)
    for key, item in stack.items.items():
        if item.kind.name != "agent":
            continue
        heard = _code(block(item.inputs, "stt_config").get("language"))
        said = _code(block(item.inputs, "tts_config").get("language"))
        if heard and said and heard != said:
            words = f"speech is understood in {heard} (stt_config) and spoken in {said}"
            yield about(stack, item, "FL304", ("tts_config", "language"), words)
        spoken = said or heard
        prompt = " ".join(passage.text for passage in texts.get(key, ()) if passage.use == "prompt")
        if spoken in _WORDS:
            yield from _other(texts.get(key, ()), spoken, prompt)


def _other(passages: Sequence[Passage], spoken: str, prompt: str) -> Iterator[Finding]:
    for passage in passages:
        language = guess(passage.text)
        if language is None or language == spoken or {language, spoken} == {"da", "no"} or _names(prompt, spoken):
            continue
        what = "the prompt" if passage.use == "prompt" else "the text"
        text = (
            f'agent "{passage.item.name}": {what} is in {language} (guessed), the agent speaks {spoken}. Write it in '
            f"{spoken}, or say in the prompt which language to speak."
        )
        yield finding("FL304", passage.place(0), text, passage.anchor)


def _code(language: object) -> str:
    code = language.replace("_", "-").split("-")[0].lower() if isinstance(language, str) else ""
    return "" if code == "multi" else code


def _names(prompt: str, language: str) -> bool:
    """Tell whether a prompt says the name of a language."""
    names = "|".join(name for name in _NAMES[language] if len(name) > 2)
    return re.search(rf"\b(?:{names})\w{{0,2}}\b", prompt, re.IGNORECASE) is not None
