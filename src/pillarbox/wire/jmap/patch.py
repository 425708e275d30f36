"""Patches: what the update of a /set may say about an object (RFC 8620 §5.3)."""

from collections.abc import Mapping
from typing import cast

from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import SetError
from pillarbox.wire.jmap.reference import unescape

_DEPTH = 20  # tokens of one pointer


def parse_patch(patch: Mapping[str, object]) -> dict[tuple[str, ...], object]:
    """The patches by their path. Raises SetError "invalidPatch" when one path is the prefix of another."""
    paths: dict[tuple[str, ...], object] = {}
    for pointer, value in patch.items():
        path = tuple(unescape(token) for token in pointer.split("/", _DEPTH + 1))
        if len(path) > _DEPTH or path in paths:
            raise _bad(pointer)
        paths[path] = value
    for path in paths:
        if any(path[:length] in paths for length in range(1, len(path))):
            raise _bad("/".join(path))
    return paths


def apply_patch(current: Mapping[str, object], patch: Mapping[str, object]) -> Json:
    """A new object: `current` with `patch` applied, properties set to null removed where the path has two tokens or
    more, kept as None at the top (the type knows its defaults). Raises SetError "invalidPatch"."""
    changed: Json = dict(current)
    copied: set[tuple[str, ...]] = set()
    for path, value in parse_patch(patch).items():
        target = changed
        for depth, token in enumerate(path[:-1], 1):
            inner = target.get(token)
            if not isinstance(inner, dict):
                raise _bad("/".join(path))
            if path[:depth] not in copied:
                inner = dict(cast(Json, inner))
                target[token] = inner
                copied.add(path[:depth])
            target = inner
        if value is None and len(path) > 1:
            target.pop(path[-1], None)
        else:
            target[path[-1]] = value
    return changed


def _bad(pointer: str) -> SetError:
    return SetError("invalidPatch", f"the path {pointer[:200]!r} cannot be patched")
