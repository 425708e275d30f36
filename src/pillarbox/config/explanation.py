"""Settings spelled as TOML, whole and annotated from their docstrings, or only where they differ from the defaults."""

import ast
import functools
import inspect
import textwrap
from pathlib import Path
from typing import Any

import msgspec

from pillarbox.config import settings as module
from pillarbox.config.settings import Endpoint, Settings


def explain(settings: Settings) -> str:
    """Every setting with what it means; those at their default are commented out."""
    return _render(settings, differences_only=False)


def differences(settings: Settings) -> str:
    """Only what differs from the defaults; empty when nothing does."""
    return _render(settings, differences_only=True)


def as_tree(settings: Settings) -> dict[str, Any]:
    """The settings as plain values, for JSON."""
    tree = msgspec.to_builtins(settings, enc_hook=str)
    tree["listeners"] = {name: value or "off" for name, value in tree["listeners"].items()}
    assert isinstance(tree, dict)
    return tree


def _render(settings: Settings, *, differences_only: bool) -> str:
    lines: list[str] = []
    standard = Settings()
    for section in msgspec.structs.fields(Settings):
        values, defaults = getattr(settings, section.name), getattr(standard, section.name)
        heading = [f"[{section.name}]"]
        if not differences_only:
            heading = [*_comment(inspect.getdoc(section.type) or ""), *heading]
        body = []
        for setting in msgspec.structs.fields(section.type):
            value, default = getattr(values, setting.name), getattr(defaults, setting.name)
            changed = value != default
            if differences_only and not changed:
                continue
            if not differences_only:
                body += _comment(_meanings(section.type.__name__).get(setting.name, ""))
            body.append(f"{'' if changed else '#'}{setting.name} = {_spelled(value, section.name)}")
            if not differences_only:
                body.append("")
        if body:
            lines += [*heading, *body] if not differences_only else [*heading, *body, ""]
    return "\n".join(lines).rstrip() + "\n" if lines else ""


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text.strip(), 100)]


def _spelled(value: object, section: str) -> str:
    """The TOML spelling of a value."""
    if value is None:
        return '"off"' if section == "listeners" else '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:_}" if value >= 10_000 else str(value)
    if isinstance(value, str | Path | Endpoint):
        return msgspec.json.encode(str(value)).decode()
    raise TypeError(value)


@functools.cache
def _meanings(class_name: str) -> dict[str, str]:
    """What each setting of a section means: the string literal that follows it in the source."""
    tree = ast.parse(inspect.getsource(module))
    [section] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name]
    found = {}
    for before, after in zip(section.body, section.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            found[before.target.id] = " ".join(str(ast.literal_eval(after.value)).split())
    return found
