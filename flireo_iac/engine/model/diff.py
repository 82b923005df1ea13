"""What changed between two sets of properties, path by path.

Source: pulumi notes on the engine, section 5; the kinds of change are those of Pulumi's ``detailedDiff``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from flireo_iac.engine.model.paths import Path, covers, format_path, parse_path
from flireo_iac.engine.model.values import Properties, Secret, Value, equal, unwrap


@dataclass(frozen=True)
class Change:
    """One changed property.

    Args:
        path: Where.
        kind: ``add``, ``update`` or ``delete``.
        old: Value before; None when it was not there.
        new: Value after; None when it is gone.
        replaces: True when it makes the resource a new one.
    """

    path: Path
    kind: str
    old: Value
    new: Value
    replaces: bool = False


@dataclass(frozen=True)
class Diff:
    """What the engine knows about the changes of one resource.

    Args:
        changed: True when anything changed.
        changes: The changed inputs; empty when a provider only said that something changed.
        changed_keys: Top-level keys that changed, as they go into ``diffReasons``.
        replace_keys: Keys that make the resource a new one; not empty means replace.
        delete_first: True when the provider wants the old one gone before the new one is made.
    """

    changed: bool
    changes: tuple[Change, ...] = ()
    changed_keys: tuple[str, ...] = ()
    replace_keys: tuple[str, ...] = ()
    delete_first: bool = False


NO_CHANGE = Diff(changed=False)


def compare(old: Properties, new: Properties) -> tuple[Change, ...]:
    """Give what changed, in the order of the keys.

    Secrets are compared by what is in them, and stay marked in the changes. Null counts as absent.
    """
    found = _Found()
    for key in sorted(old.keys() | new.keys()):
        _compare((key,), old.get(key), new.get(key), False, found)
    return tuple(found.changes)


@dataclass
class _Found:
    changes: list[Change] = field(default_factory=list)

    def add(self, path: Path, kind: str, old: Value, new: Value, secret: bool) -> None:
        if secret:
            old, new = (None if side is None else Secret(unwrap(side)) for side in (old, new))
        self.changes.append(Change(path, kind, old, new))


def _compare(path: Path, old: Value, new: Value, secret: bool, found: _Found) -> None:
    while isinstance(old, Secret) or isinstance(new, Secret):
        secret = True
        old = old.value if isinstance(old, Secret) else old
        new = new.value if isinstance(new, Secret) else new
    if old is None or new is None:
        if old is not None:
            found.add(path, "delete", old, None, secret)
        elif new is not None:
            found.add(path, "add", None, new, secret)
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            _compare((*path, key), old.get(key), new.get(key), secret, found)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            _compare((*path, index), before, after, secret, found)
    elif not equal(unwrap(old), unwrap(new)):
        found.add(path, "update", old, new, secret)


def keys_of(changes: tuple[Change, ...]) -> tuple[str, ...]:
    """Give the top-level keys that changed, each once."""
    return tuple(dict.fromkeys(str(change.path[0]) for change in changes))


def inverted(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Give the same changes the other way round, as a refresh shows them."""
    kinds = {"add": "delete", "delete": "add", "update": "update"}
    return tuple(replace(change, kind=kinds[change.kind], old=change.new, new=change.old) for change in changes)


def with_replacements(diff: Diff, patterns: list[str], *, init_errors: bool = False) -> Diff:
    """Turn changes below the paths of ``replace_on_changes`` into replacements.

    Args:
        diff: What the provider and the comparison of inputs gave.
        patterns: Paths of the option.
        init_errors: True when the state holds errors of an unfinished create; ``*`` then replaces too.
    """
    paths = [path for path in map(parse_path, patterns) if path]
    if not paths or not (diff.changed or init_errors):
        return diff
    changes = tuple(
        replace(change, replaces=change.replaces or any(covers(path, change.path) for path in paths))
        for change in diff.changes
    )
    keys = dict.fromkeys(diff.replace_keys)
    for key in diff.changed_keys:
        if any(covers(path, (key,)) for path in paths):
            keys[key] = None
    for change in changes:
        if change.replaces:
            keys[str(change.path[0])] = None
    changed = diff.changed
    if init_errors and any(covers(path, ("#initerror",)) for path in paths):
        keys["#initerror"] = None
        changed = True
    return replace(diff, changed=changed, changes=changes, replace_keys=tuple(keys))


def detailed(changes: tuple[Change, ...]) -> dict[str, dict[str, object]]:
    """Give the changes as ``detailedDiff`` of the JSON form."""
    return {
        format_path(change.path): {
            "kind": change.kind + ("-replace" if change.replaces else ""),
            "inputDiff": True,
        }
        for change in changes
    }
