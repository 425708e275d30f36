"""The rooms keep their walls: who imports whom, who may wait, and how large a file or function grows (DESIGN §2)."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "pillarbox"

MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "config": {"core"},
    "message": {"core"},
    "wire": {"core", "message"},
    "mailauth": {"core", "message"},
    "net": {"core"},
    "store": {"core", "message"},
    "engines": {"core", "message", "net", "store"},
    "services": {"core", "message", "wire", "mailauth", "net", "store"},
    "servers": {"core", "message", "wire", "net", "store", "services"},
    "workers": {"core"},  # the supervisor, part of app
    "app": {
        "core",
        "config",
        "message",
        "wire",
        "mailauth",
        "net",
        "store",
        "engines",
        "services",
        "servers",
        "workers",
    },
    "cli": {"core", "config", "store", "services", "app"},
}

# Inside services: who may use whom.
SERVICES: dict[str, set[str]] = {
    "inbound": {"filters", "delivery"},
    "submission": {"delivery"},
    "outbound": {"delivery"},
    "collector": {"delivery"},
    "delivery": {"filters"},
}

# Rooms that spell octets never wait and never touch a socket.
SLEEPING = ("wire", "message")
FORBIDDEN_ASLEEP = {"asyncio", "socket", "ssl", "selectors", "anyio", "uvloop", "threading"}

# module → reason for an import inside a function.
LAZY: dict[str, str] = {}

FILE_LINES, FUNCTION_LINES, PARAMETERS = 400, 50, 6

# "module.py" or "module.py:function" → reason for being larger.
LARGE: dict[str, str] = {}

FILES = sorted(SOURCE.rglob("*.py"))


@cache
def tree(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"))


def name(file: Path) -> str:
    """The file below the package."""
    return file.relative_to(SOURCE).as_posix()


def room(path: str) -> str:
    """The room a module path or file name belongs to."""
    return path.replace("/", ".").removesuffix(".py").split(".")[0]


def imports(node: ast.AST) -> Iterator[str]:
    """Full names of what is imported anywhere below a node."""
    for found in ast.walk(node):
        if isinstance(found, ast.Import):
            yield from (alias.name for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            yield from (f"{'.' * found.level}{found.module or ''}.{alias.name}" for alias in found.names)


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def ours(file: Path) -> list[list[str]]:
    """The parts below the package of every module of ours that a file imports."""
    return [found.split(".")[1:] for found in imports(tree(file)) if found.startswith("pillarbox.")]


@pytest.mark.parametrize("file", FILES, ids=name)
def test_imports_stay_within_the_table(file: Path) -> None:
    here = room(name(file))
    if here == "__init__":
        return
    assert here in MAY_IMPORT, f"{name(file)} belongs to no room"
    allowed = MAY_IMPORT[here] | {here, "__version__"}
    strangers = sorted({parts[0] for parts in ours(file)} - allowed)
    assert not strangers, f"{name(file)} imports from {strangers}"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_no_relative_or_hidden_imports(file: Path) -> None:
    assert not [found for found in imports(tree(file)) if found.startswith(".")]
    if name(file) in LAZY:
        return
    hidden = [f"{function.name}: {found}" for function in functions(file) for found in imports(function)]
    assert not hidden, f"{name(file)} imports inside functions: {hidden}"


@pytest.mark.parametrize("file", [file for file in FILES if room(name(file)) in SLEEPING], ids=name)
def test_what_spells_octets_never_waits(file: Path) -> None:
    waiting = [
        type(node).__name__ for node in ast.walk(tree(file)) if isinstance(node, ast.Await | ast.AsyncFunctionDef)
    ]
    assert not waiting, f"{name(file)} waits"
    awake = {found.split(".")[0] for found in imports(tree(file))} & FORBIDDEN_ASLEEP
    assert not awake, f"{name(file)} imports {awake}"


@pytest.mark.parametrize("file", [file for file in FILES if room(name(file)) == "servers"], ids=name)
def test_servers_know_no_other_server(file: Path) -> None:
    parts = file.relative_to(SOURCE).parts
    if len(parts) < 3:
        return
    others = {found[1] for found in ours(file) if found[0] == "servers" and len(found) > 1} - {parts[1]}
    assert not others, f"{name(file)} imports servers {others}"


@pytest.mark.parametrize("file", [file for file in FILES if room(name(file)) == "services"], ids=name)
def test_services_use_only_those_they_may(file: Path) -> None:
    parts = file.relative_to(SOURCE).parts
    if len(parts) < 3:
        return
    used = {found[1] for found in ours(file) if found[0] == "services" and len(found) > 1}
    strangers = used - {parts[1]} - SERVICES.get(parts[1], set())
    assert not strangers, f"{name(file)} imports services {strangers}"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_sizes(file: Path) -> None:
    large = []
    lines = file.read_text(encoding="utf-8").count("\n")
    if lines > FILE_LINES and name(file) not in LARGE:
        large.append(f"{lines} lines")
    for function in functions(file):
        if f"{name(file)}:{function.name}" in LARGE:
            continue
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES:
            large.append(f"{function.name}: {length} lines")
        arguments = function.args
        count = sum(
            argument.arg not in ("self", "cls")
            for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        )
        if count > PARAMETERS:
            large.append(f"{function.name}: {count} parameters")
    assert not large, f"{name(file)}: {large}"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_module_says_what_lives_there(file: Path) -> None:
    if tree(file).body:
        assert ast.get_docstring(tree(file)), f"{name(file)} has no docstring"
    assert not {"utils", "helpers", "common", "misc", "manager"} & {part.removesuffix(".py") for part in file.parts}


def test_exceptions_are_still_needed() -> None:
    names = {name(file) for file in FILES}
    assert not [entry for entry in (*LAZY, *LARGE) if entry.split(":")[0] not in names]
