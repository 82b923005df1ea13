from __future__ import annotations

import shlex

import pytest

from flireo_iac.allow import Allowed, flag
from flireo_iac.errors import SettingsError


def test_variable_and_options_add_up() -> None:
    got = Allowed.load({"FLIREO_ALLOW": " many-deletes ,replace:main,"}, ["in-use:desk,twin:a*"])
    assert got.covers("many-deletes")
    assert not got.covers("other-account")
    assert got.covers("replace", "main")
    assert not got.covers("replace", "main2")
    assert not got.covers("in-use", "main")
    assert got.covers("in-use", "desk")
    assert str(got) == "in-use:desk,many-deletes,replace:main,twin:a*"
    assert Allowed.load({"FLIREO_ALLOW": str(got)}) == got


@pytest.mark.parametrize(
    ("pattern", "item", "covers"),
    [
        ("*", "anything", True),
        ("shop-*", "shop-1", True),
        ("shop-*", "old-shop-1", False),
        ("*-1", "shop-1", True),
        ("a.c", "abc", False),
        ("a[b]", "ab", False),
        ("a[b]", "a[b]", True),
        ("a:b", "a:b", True),
    ],
)
def test_a_star_stands_for_any_text_and_nothing_else_is_special(pattern: str, item: str, covers: bool) -> None:
    assert Allowed(frozenset({f"replace:{pattern}"})).covers("replace", item) is covers


@pytest.mark.parametrize("text", ["replace", "replace:", "many-deletes:x", "delete:x", "*"])
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--allow"):
        Allowed.load({"FLIREO_ALLOW": text})


def test_nothing_is_allowed_by_itself() -> None:
    assert not Allowed.load({}).covers("many-deletes")
    assert not Allowed.load({}).covers("replace", "")


def test_the_flag_can_be_pasted() -> None:
    assert flag("many-deletes") == "--allow many-deletes"
    option, word = shlex.split(flag("replace", "front desk"))
    assert option == "--allow"
    assert Allowed.load({}, [word]).covers("replace", "front desk")
