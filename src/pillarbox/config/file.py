"""From a TOML file to settings; whatever is wrong is named with its line, and nothing is guessed."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from pillarbox.config.settings import Endpoint, Settings

_ENDPOINT = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.*-]*)):([0-9]{1,5})")
_LEAST_LIMIT = 1000  # RFC 9738 §3
_WHERE = re.compile(r" - at `\$\.?([^`]*)`")


class SettingsError(Exception):
    """The settings cannot be used; the text says where and why, in one line."""


def load(path: Path) -> Settings:
    """Settings from the file at `path`; paths inside are relative to its folder. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """Settings from `text`, which came from the file at `path`. Raises SettingsError."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from None
    _refuse_unknown(tree, text, path)
    if isinstance(listeners := tree.get("listeners"), dict):
        tree["listeners"] = {name: None if value == "off" else value for name, value in listeners.items()}
    try:
        settings = msgspec.convert(tree, Settings, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(str(error), text, path)) from None
    _check(settings, text, path)
    return _rooted(settings, path.resolve().parent)


def key_names() -> list[str]:
    """Every key there is: `server.hostname` and so on."""
    return [
        f"{section.name}.{name.name}"
        for section in msgspec.structs.fields(Settings)
        for name in msgspec.structs.fields(section.type)
    ]


def line_of(text: str, key: str) -> int:
    """The line (1-based) of `text` on which `key` (dotted) or else its table stands; 1 when it is nowhere."""
    section, _, name = key.rpartition(".")
    table, fallback = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]#]+?)\s*\]", line):
            table = header[1].replace('"', "").replace(" ", "")
            if table in (section, key):
                fallback = number
            if table == key:
                return number
        elif assigned := re.match(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=", line):
            found = ".".join(filter(None, (table, re.sub(r"[\"' ]", "", assigned[1]))))
            if found == key or found.startswith(f"{key}."):
                return number
            if not name and found == key:
                return number
    return fallback


def _refuse_unknown(tree: dict[str, Any], text: str, path: Path) -> None:
    known = key_names()
    sections = {key.partition(".")[0] for key in known}
    for section, content in tree.items():
        given = [f"{section}.{name}" for name in content] if isinstance(content, dict) else []
        if section not in sections:
            raise SettingsError(_unknown(section, given, text, path))
        for key in given:
            if key not in known:
                raise SettingsError(_unknown(key, [], text, path))


def _unknown(key: str, inside: list[str], text: str, path: Path) -> str:
    known = key_names()
    sections = sorted({name.partition(".")[0] for name in known})
    by_last = {name.rpartition(".")[2]: name for name in known}
    last = key.rpartition(".")[2]
    near = (
        ([by_last[last]] if last in by_last else [])
        or difflib.get_close_matches(key, known if "." in key else sections, 1, 0.7)
        or [by_last[word] for word in difflib.get_close_matches(last, list(by_last), 1, 0.6)]
        or difflib.get_close_matches(inside[0] if inside else key, known + sections, 1, 0.0)
    )
    return f"{path}, line {line_of(text, key)}: unknown key {key}; did you mean {near[0]}?"


def _explain(message: str, text: str, path: Path) -> str:
    where = _WHERE.search(message)
    key = where[1] if where else ""
    line = f", line {line_of(text, key)}" if key else ""
    return f"{path}{line}: {key + ': ' if key else ''}{_WHERE.sub('', message).replace('`', '')}"


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        if not isinstance(value, str) or not value:
            raise ValueError("Expected a path in quotes")
        return Path(value)
    if kind is Endpoint:
        found = _ENDPOINT.fullmatch(value) if isinstance(value, str) else None
        if not found or not 0 <= int(found[3]) <= 65535:
            raise ValueError('Expected "address:port" or "off"')
        return Endpoint(found[1] or found[2] or "0.0.0.0", int(found[3]))  # noqa: S104 - what ":25" asks for
    raise NotImplementedError


def _check(settings: Settings, text: str, path: Path) -> None:
    def refuse(key: str, reason: str) -> None:
        raise SettingsError(f"{path}, line {line_of(text, key)}: {key}: {reason}")

    if settings.engine.kind == "postgres" and not settings.engine.url:
        refuse("engine.url", 'Expected postgresql://… beside kind = "postgres"')
    if (settings.tls.certificate is None) != (settings.tls.key is None):
        refuse("tls.certificate", "certificate and key are given together or not at all")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", settings.server.hostname):
        refuse("server.hostname", "Expected a host name such as mail.example.org")
    if not re.fullmatch(r"(https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?)?", settings.http.url):
        refuse("http.url", "Expected where it is found, such as https://mail.example.org")
    if 0 < settings.imap.message_limit < _LEAST_LIMIT:
        refuse("imap.message_limit", f"Expected {_LEAST_LIMIT} or more, or 0 for no limit")
    taken: dict[Endpoint, str] = {}
    for name, endpoint in settings.endpoints().items():
        if endpoint.port and endpoint in taken:
            refuse(f"listeners.{name}", f"{endpoint} is already used by listeners.{taken[endpoint]}")
        taken[endpoint] = name


def _rooted(settings: Settings, folder: Path) -> Settings:
    """The settings with every path absolute."""
    replace = msgspec.structs.replace
    tls = replace(
        settings.tls,
        certificate=settings.tls.certificate and folder / settings.tls.certificate.expanduser(),
        key=settings.tls.key and folder / settings.tls.key.expanduser(),
        client_ca=settings.tls.client_ca and folder / settings.tls.client_ca.expanduser(),
    )
    return replace(settings, server=replace(settings.server, data=folder / settings.server.data.expanduser()), tls=tls)
