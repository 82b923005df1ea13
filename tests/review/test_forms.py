from __future__ import annotations

import html
import random
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from flireo_iac.plan.rails import Finding
from flireo_iac.review.escaping import diagram, element, markdown, preformatted
from flireo_iac.review.fit import Part, fitted, size
from flireo_iac.review.markdown import LIMITS, comment
from flireo_iac.review.model import (
    EnvironmentReview,
    FieldChange,
    ItemChange,
    Passage,
    Piece,
    Reached,
    Review,
    TextChange,
    Wording,
)
from flireo_iac.review.page import page
from flireo_iac.review.text import Lines
from tests.review.reviews import Change

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
SIGNS = st.text(alphabet="ab1 .\\`*_{}[]()<>#+-!|~@:/$^&;=\"'%?,\n", max_size=30)
TRICK_TEXTS = [
    *("```", "~~~", "<script>alert(1)</script>", "</details>", "</pre>", "<!--", "-->", "http://a.example"),
    *("www.a.example", "[x](y)", "![x](y)", "1.", "#", "&amp;", "&#64;", "---", "===", "@user", "@org/team"),
    *("#12", "GH-1", "!12", ":smile:", "a@b.example", "/close", "$x$", "|", "\\"),
]
TRICKS = st.sampled_from(TRICK_TEXTS)
NASTY = st.lists(st.one_of(SIGNS, TRICKS), max_size=5).map(" ".join)


def rendered(source: str) -> tuple[set[str], str]:
    """Give the tags and the text of rendered Markdown."""
    made = PARSER.render(source)
    text = html.unescape(re.sub(r"<[^>]*>", "", made)).replace("\u200b", "")
    return set(re.findall(r"</?([A-Za-z][A-Za-z0-9]*)", made)), " ".join(text.split())


@example("# a")
@example("- a")
@example("1. a")
@example("> a")
@example("/close")
@example("     :")
@example("``` a")
@example("| a")
@example("[x](y)")
@example("<b>")
@example("&amp;")
@example("===")
@example("\\")
@example("a\n# b")
@example("*a*")
@example("_a_")
@example("http://a.example")
@given(NASTY)
def test_words_show_as_themselves_in_markdown(text: str) -> None:
    wanted = " ".join(text.split())
    assert rendered(f"> {markdown(text)}")[1] == wanted
    assert rendered(f"> {markdown(text)}")[0] <= {"blockquote", "p"}
    tags, shown = rendered(f"some <ins>{markdown(text)}</ins> more")
    assert tags <= {"p", "ins"}
    assert shown == " ".join(f"some {text} more".split())
    tags, shown = rendered(f"| a | b |\n|---|---|\n| {markdown(text)} | last |\n")
    assert tags <= {"table", "thead", "tbody", "tr", "th", "td"}
    assert shown == " ".join(f"a b {text} last".split())


@given(NASTY)
def test_a_block_cannot_be_left(text: str) -> None:
    tags, shown = rendered(f"<pre>\n{preformatted(text)}\n</pre>\n")
    assert tags <= {"pre"}
    assert shown == " ".join(text.split())
    assert not any(line[:1].strip() for line in preformatted(text).split("\n"))
    tags, shown = rendered(f"<details><summary>{element(text)}</summary>\n\n</details>\n")
    assert tags <= {"details", "summary"}
    assert shown == " ".join(text.split())
    assert not set(diagram(text)) & set("\"'`<>[]{}()|\\\n@:/&")


@pytest.mark.parametrize("text", ["@user", "#12", "!12", "%1.0", "~bug", "GH-12", "https://a.example", "www.a.example"])
def test_nothing_becomes_a_mention_or_a_link(text: str) -> None:
    assert text not in html.unescape(markdown(f"a {text} b")).replace("\\", "")


SAID = st.sampled_from([*TRICK_TEXTS, " ".join(TRICK_TEXTS), "a\nb", "plain words", "x" * 3_000])
PIECES = st.lists(st.builds(Piece, st.sampled_from(["same", "gone", "new"]), SAID), min_size=1, max_size=4).map(tuple)
PASSAGES = st.lists(
    st.builds(Passage, st.sampled_from(["changed", "added", "removed", "moved"]), PIECES, SAID, st.integers(1, 99)),
    max_size=6,
).map(tuple)
TEXTS = st.lists(
    st.builds(TextChange, SAID, SAID, st.sampled_from(["add", "change", "remove"]), PASSAGES, st.just(9), st.just(9)),
    max_size=2,
).map(tuple)
VALUES = st.one_of(SAID, st.integers(), st.lists(SAID, max_size=3), st.dictionaries(SAID, SAID, max_size=2))
FIELDS = st.lists(
    st.builds(FieldChange, SAID, st.sampled_from(["add", "change", "remove"]), VALUES, VALUES), max_size=4
).map(tuple)
REACHED = st.lists(st.builds(Reached, SAID, SAID, SAID, st.booleans()), max_size=4).map(tuple)
ITEMS = st.lists(
    st.builds(
        ItemChange,
        st.sampled_from(["create", "update", "replace", "delete"]),
        st.just("agent"),
        SAID,
        SAID,
        st.tuples(SAID),
        FIELDS,
        TEXTS,
        REACHED,
    ),
    max_size=5,
).map(tuple)
REVIEWS = st.builds(
    Review,
    st.lists(
        st.builds(
            EnvironmentReview,
            SAID,
            ITEMS,
            st.integers(0, 99),
            st.lists(st.builds(Finding, SAID, st.tuples(SAID, SAID), SAID, SAID), max_size=2).map(tuple),
            st.none(),
            st.tuples(SAID),
            st.lists(SAID, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    st.tuples(SAID),
    SAID,
    SAID,
)
OWN_TAGS = {
    *("h2", "h3", "h4", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "strong", "em", "b", "br", "hr"),
    *("blockquote", "ins", "del", "details", "summary", "code", "pre", "a"),
}


@settings(max_examples=40)
@given(REVIEWS, st.integers(2_000, 6_000))
def test_a_comment_fits_and_holds_no_tag_but_its_own(review: Review, limit: int) -> None:
    text = comment(review, limit, "https://ci.example.com/a b(c)")
    assert size(text) <= limit
    tags, _ = rendered(text.removeprefix(Wording().mark))
    assert tags <= OWN_TAGS
    assert text.count("<details>") == text.count("</details>")


ATTRIBUTES = {
    *("class", "id", "href", "open", "lang", "charset", "content", "name", "http-equiv", "aria-label", "data-label"),
}


class Page(HTMLParser):
    """Reads a page and holds it against itself."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for name, value in attributes:
            assert name in ATTRIBUTES
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(text: str) -> Page:
    found = Page()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


@settings(max_examples=40)
@given(REVIEWS)
def test_a_page_is_whole_and_asks_nobody_for_anything(review: Review) -> None:
    found = parsed(page(review))
    assert all(link.startswith("#") for link in found.links)
    said = " ".join(found.text.split())
    for environment in review.environments:
        assert all(" ".join(item.title.split()) in said for item in environment.items)


@settings(max_examples=40)
@given(REVIEWS, st.booleans())
def test_text_has_every_item(review: Review, has_colour: bool) -> None:
    text = "\n".join(line.plain for line in Lines(has_colour).of(review))
    for environment in review.environments:
        assert all(item.title in text for item in environment.items)


def test_fuller_forms_are_taken_as_long_as_there_is_room_and_what_matters_comes_first() -> None:
    parts = [Part(("x" * 50, "x" * 5), rank=2), Part(("y" * 50, "y" * 5), rank=1), Part(("z" * 50, ""), rank=3)]
    said = []

    def tail(left_out: int, shortened: int, there: int) -> str:
        said.append((left_out, shortened, there))
        return ""

    assert fitted(parts, 60, tail) == "x" * 5 + "y" * 50
    assert said[-1] == (0, 2, 3)
    assert fitted(parts, 150, tail) == "x" * 50 + "y" * 50 + "z" * 50
    assert fitted(parts, 9, tail) == "y" * 5


WORDS = "the caller asks whether a bicycle is ready today when the shop opens in the morning"


def words(drawn: random.Random, count: int) -> str:
    known = WORDS.split()
    lines = [" ".join(drawn.choices(known, k=18)).capitalize() + "." for _ in range(count // 18)]
    return "".join(f"# Part {n}\n\n{line}\n\n" if n % 8 == 0 else f"{line}\n\n" for n, line in enumerate(lines))


@pytest.mark.parametrize("is_rewritten", [False, True], ids=["words here and there", "everything"])
def test_twenty_prompts_of_40_kb_fit_one_comment(change: Change, is_rewritten: bool) -> None:
    drawn = random.Random(3)
    for n in range(20):
        prompt = words(drawn, 8_000)
        assert len(prompt) > 40_000
        change.agent(f"desk{n:02}", prompt, n)
        parts = prompt.split("\n\n")
        for at in range(5, len(parts), 20):
            parts[at] = parts[at].replace("the", "each", 1) + f" Say {n}."
        change.after[f"agents/desk{n:02}.md"] = words(drawn, 3_000) if is_rewritten else "\n\n".join(parts)
    change.after["numbers/line19.yaml"] = None
    text = comment(change.review(), LIMITS["github"], "https://ci.example.com/review.html")
    assert size(text) <= 65_536
    assert size(text) > 55_000  # the room is used
    for n in range(20):
        assert f"desk{n:02}" in text
        assert f"+3197010200{n:03}" in text
    assert "is deleted" in text[:3_000]
    assert "shortened to fit. [the whole review](https://ci.example.com/review.html)" in text.lower()
    if not is_rewritten:
        assert text.count("<ins>") > 200


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not on PATH")
@pytest.mark.parametrize("width", [500, 1280])
def test_a_browser_shows_the_page_and_complains_of_nothing(change: Change, tmp_path: Path, width: int) -> None:
    change.agent("desk", "# Rules\n\nNever promise a price, and say nothing of the workshop.\n", 1)
    change.after["agents/desk.md"] = "# Rules\n\nNever promise a day, and say nothing of the workshop.\n"
    file = tmp_path / "review.html"
    file.write_text(page(change.review()))
    common = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    window = f"--window-size={width},900"
    done = subprocess.run(
        [*common, window, "--enable-logging=stderr", f"--screenshot={tmp_path / 'page.png'}", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr  # a refused style or a request would be told here
    assert (tmp_path / "page.png").stat().st_size > 10_000
