"""A pin is written into a stack file, and everything else in the file stays to the byte."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from flireo_iac.errors import FlireoError
from flireo_iac.stacks.pinning import write_pin
from flireo_iac.stacks.releases import Pin

PIN = Pin("v12", "ab" * 32)
OLD = f"v11@sha256:{'cd' * 32}"


def written(tmp_path: Path, before: str, pin: Pin = PIN) -> str:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_bytes(before.encode())
    write_pin(file, pin)
    return file.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"config:\n  flireo:release: {OLD}\n", f"config:\n  flireo:release: {PIN}\n"),
        (
            f"# top\nsalt: v1:x\nconfig: # ours\n    a:b:   'c' # why\n    flireo:release:   \"{OLD}\" # now\n",
            f"# top\nsalt: v1:x\nconfig: # ours\n    a:b:   'c' # why\n    flireo:release:   {PIN} # now\n",
        ),
        ("config:\n  # the rate\n  a:b: c\n", f"config:\n  flireo:release: {PIN}\n  # the rate\n  a:b: c\n"),
        ("config:\r\n      a:b: c\r\n", f"config:\r\n      flireo:release: {PIN}\r\n      a:b: c\r\n"),
        ("config:", f"config:\n  flireo:release: {PIN}\n"),
        ("", f"config:\n  flireo:release: {PIN}\n"),
        ("secretsprovider: passphrase", f"secretsprovider: passphrase\nconfig:\n  flireo:release: {PIN}\n"),
        ("\ufeffconfig:\n  a:b: c\n", f"\ufeffconfig:\n  flireo:release: {PIN}\n  a:b: c\n"),
        (f"config: {{a:b: c, flireo:release: '{OLD}'}}\n", f"config: {{a:b: c, flireo:release: {PIN}}}\n"),
    ],
)
def test_only_the_pin_changes(before: str, after: str, tmp_path: Path) -> None:
    assert written(tmp_path, before) == after


def test_a_file_is_made_when_there_is_none(tmp_path: Path) -> None:
    write_pin(tmp_path / "Pulumi.prod.yaml", PIN)
    assert (tmp_path / "Pulumi.prod.yaml").read_text() == f"config:\n  flireo:release: {PIN}\n"


def test_the_rights_of_the_file_stay(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config: \n")
    file.chmod(0o640)
    write_pin(file, PIN)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "before",
    [
        "config: {}\n",
        "config: text\n",
        "config: {a:b: c}\n",
        "config: [\n",
        "- a\n",
        "config:\n  flireo:release: [a]\n",
    ],
)
def test_a_form_that_cannot_be_changed_in_place_is_refused_and_left(before: str, tmp_path: Path) -> None:
    with pytest.raises(FlireoError):
        written(tmp_path, before)
    assert [path.read_text() for path in tmp_path.iterdir()] == [before]


def test_a_file_in_braces_is_no_wrong_yaml_but_one_to_change_by_hand(tmp_path: Path) -> None:
    with pytest.raises(FlireoError, match=rf"not changed in place\. Write there: flireo:release: {PIN}"):
        written(tmp_path, '{"config": {"a:b": "c"}}\n')


_KEYS = st.sampled_from(["a:b", "flireo:requestsPerMinute", "shop:key", "flireo:release"])
_VALUES = st.sampled_from(["x", '"90"', "'it''s'", "12", "true", "[1, 2]", "{secure: v1:abc}", OLD])


@given(
    st.lists(st.tuples(_KEYS, _VALUES, st.sampled_from(["", " # note"])), unique_by=lambda line: line[0], max_size=4),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from(["v12", "release/7", "3f2a91c", "#odd", "'q", "a&b"]),
)
def test_the_values_besides_are_the_same_whatever_the_file_looks_like(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[str, str, str]],
    indent: int,
    has_salt: bool,
    ref: str,
) -> None:
    body = "".join(f"{' ' * indent}{key}: {value}{note}\n" for key, value, note in lines)
    before = ("encryptionsalt: v1:x\n" if has_salt else "") + (f"config:\n{body}" if lines else "")
    assume(not any(key == "flireo:release" and value[0] in "[{" for key, value, _ in lines))
    pin = Pin(ref, "12" * 32)
    after = written(tmp_path_factory.mktemp("pin"), before, pin)
    expected = yaml.safe_load(before) or {}
    expected.setdefault("config", {})["flireo:release"] = str(pin)
    assert yaml.safe_load(after) == expected
    assert len(after.splitlines()) - len(before.splitlines()) in (0, 1, 2)
