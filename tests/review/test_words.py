from __future__ import annotations

import random
import string

from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.review.model import Passage
from flireo_iac.review.visible import visible
from flireo_iac.review.words import compare, excerpt, passages

KNOWN = ["the", "bicycle", "a", "is", "ready,", "(today)", "e-bike.", "日本語", "x"]
WORDS = st.lists(st.sampled_from(KNOWN)).map(" ".join)
MARKS = ["", "# Rules", "- Be brief.", "1. Ask.", "2. Wait.", "```", "| a | b |", "<rules>"]
LINES = st.lists(st.one_of(WORDS, st.sampled_from(MARKS))).map("\n".join)


def marked(passage: Passage) -> str:
    signs = {"same": ("", ""), "gone": ("[-", "-]"), "new": ("{+", "+}")}
    return "".join(f"{signs[each.kind][0]}{each.text}{signs[each.kind][1]}" for each in passage.pieces)


def without(kind: str, passage: Passage) -> str:
    return "".join(piece.text for piece in passage.pieces if piece.kind != kind)


def shown(old: str, new: str) -> list[tuple[str, str]]:
    return [(each.kind, marked(each)) for each in passages(old, new)]


@given(WORDS, WORDS)
def test_pieces_make_up_both_texts(old: str, new: str) -> None:
    pieces = compare(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == new
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old


@given(LINES)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert passages(text, text) == ()
    assert passages(text, text.replace("\n", "\r\n")) == ()


@given(LINES, LINES)
def test_every_new_word_is_shown_or_was_there(old: str, new: str) -> None:
    said = "\n".join(without("gone", each) for each in passages(old, new))
    assert set(new.split()) <= set(said.split()) | set(old.split()) | {"1.", "2."}
    gone = "\n".join(without("new", each) for each in passages(old, new))
    assert set(old.split()) <= set(gone.split()) | set(new.split()) | {"1.", "2."}


def test_a_changed_word_stands_in_its_entry_and_under_its_heading() -> None:
    old = "# Rules\n\n- Be brief.\n- Never promise a price to\n  a caller.\n\n# End\n\nSay goodbye.\n"
    (found,) = passages(old, old.replace("a price", "a day"))
    assert marked(found) == "- Never promise a[- price-]{+ day+} to a caller."
    assert (found.kind, found.heading, found.line) == ("changed", "Rules", 4)


def test_a_heading_keeps_its_line() -> None:
    assert shown("# How a call ends\n\nBye.", "# How a call begins\n\nBye.") == [
        ("changed", "# How a call[- ends-]{+ begins+}")
    ]


def test_a_moved_paragraph_is_no_delete_and_no_insert() -> None:
    one, two = "Ask for the number of the ticket first.", "Say until when the shop is open today, and nothing else."
    assert shown(f"# A\n\n{one}\n\n# B\n\n{two}\n", f"# A\n\n# B\n\n{two}\n\n{one}\n") == [("moved", one)]
    changed = one.replace("first", "at once")
    ((kind, text),) = shown(f"# A\n\n{one}\n\n# B\n\n{two}\n", f"# A\n\n# B\n\n{two}\n\n{changed}\n")
    assert (kind, text) == ("moved", "Ask for the number of the ticket[- first-]{+ at once+}.")


def test_wrapping_and_numbering_anew_change_no_words() -> None:
    words = "When the caller finds the price too high, do not argue and do not explain, offer a colleague instead."
    assert passages(words, words.replace(" and ", "\nand ")) == ()
    old = "1. Ask for the name.\n2. Ask for the number.\n"
    assert shown(old, "1. Say hello.\n2. Ask for the name.\n3. Ask for the number.\n") == [
        ("added", "{+1. Say hello.+}")
    ]


def test_lines_of_code_tables_and_short_lines_stay_lines() -> None:
    old = "```\na = 1\n  b = 2\n```\n\nMonday: 9 to 5\nTuesday: 9 to 6\n\n| a | b |\n| c | d |\n"
    new = old.replace("  b = 2", "  b = 3").replace("to 6", "to 7").replace("| d", "| e")
    assert [text for _, text in shown(old, new)] == [
        "  b =[- 2-]{+ 3+}",
        "Tuesday: 9 to[- 6-]{+ 7+}",
        "| c |[- d-]{+ e+} |",
    ]


def test_a_text_without_spaces_is_compared_by_signs() -> None:
    assert [text for _, text in shown("日本語を話します", "日本人を話します")] == ["日本[-語-]{+人+}を話します"]


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\u200bb\u202ec\x1b[31m\U000e0041d") == "a<U+200B>b<U+202E>c<U+001B>[31m<U+E0041>d"
    assert visible("naïve 👩\u200d🔧 日本\n\tx") == "naïve 👩\u200d🔧 日本\n\tx"
    assert [text for _, text in shown("Be kind.", "Be\u200b kind.")] == ["Be{+<U+200B>+} kind."]


def test_an_excerpt_keeps_every_change_and_drops_what_is_far_from_it() -> None:
    old = " ".join(f"w{n}" for n in range(300))
    pieces = compare(old, old.replace("w150", "other"))
    short = excerpt(pieces, 3)
    assert "".join(piece.text for piece in short) == "… w147 w148 w149 w150 other w151 w152 w153 …"
    assert [piece for piece in short if piece.kind != "same"] == [piece for piece in pieces if piece.kind != "same"]


def test_long_texts_with_nothing_in_common_are_compared_all_the_same() -> None:
    drawn = random.Random(7)
    words = ["".join(drawn.choices(string.ascii_lowercase, k=4)) for _ in range(400)] + ["the", "a"] * 100

    def text(blocks: int, end: str) -> str:
        return end.join(" ".join(drawn.choices(words, k=60)) for _ in range(blocks))

    assert len(passages(text(300, "\n\n"), text(300, "\n\n"))) >= 300
    assert passages(text(300, " "), text(300, " "))
