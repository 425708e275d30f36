"""The body of a message a client creates: from EmailBodyParts to the nodes that are written (RFC 8621 §4.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pillarbox.core.errors import NotFound
from pillarbox.core.limits import MIME_DEPTH, MIME_PARTS
from pillarbox.message.compose import BodyNode, text_node
from pillarbox.servers.http.blobs import find_blob
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.drafting import header_pairs
from pillarbox.wire.jmap.errors import SetError, invalid_properties
from pillarbox.wire.jmap.mail import BODY_PROPERTIES

_PROPERTIES = frozenset((*BODY_PROPERTIES, "subParts"))
_FORBIDDEN_FIELDS = frozenset(("content-transfer-encoding", "content-type", "content-disposition", "content-id"))


@dataclass(slots=True)
class Drafting:
    """One message being put together: its bodyValues, how much its parts may still hold, and missing blobs."""

    context: Context
    values: Mapping[str, Any]
    room: int
    parts: int = MIME_PARTS
    missing: list[str] = field(default_factory=list)

    def spend(self, octets: int) -> None:
        """Count octets of a part. Raises SetError "tooLarge"."""
        self.room -= octets
        if self.room < 0:
            most = self.context.hall.settings.message_size
            raise SetError("tooLarge", "the message is too large", {"maxSize": most})


async def body_of(context: Context, given: Mapping[str, Any]) -> BodyNode:
    """The body a client describes by bodyStructure, or by textBody, htmlBody and attachments. Raises SetError."""
    values = given.get("bodyValues") or {}
    if not isinstance(values, dict) or not all(_is_value(one) for one in values.values()):
        raise invalid_properties("bodyValues")
    drafting = Drafting(context, values, context.hall.settings.message_size)
    lists = [name for name in ("textBody", "htmlBody", "attachments") if given.get(name) is not None]
    if given.get("bodyStructure") is not None:
        if lists:
            raise invalid_properties("bodyStructure", *lists)
        body = await _node(drafting, given["bodyStructure"], "bodyStructure", 1)
    else:
        body = await _from_lists(drafting, given)
    if drafting.missing:
        raise SetError("blobNotFound", None, {"notFound": list(dict.fromkeys(drafting.missing))})
    return body


def _is_value(value: Any) -> bool:
    """RFC 8621 §4.6: isEncodingProblem and isTruncated are false or omitted."""
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        return False
    flags = (value.get("isEncodingProblem", False), value.get("isTruncated", False))
    return set(value) <= {"value", "isEncodingProblem", "isTruncated"} and flags == (False, False)


async def _from_lists(drafting: Drafting, given: Mapping[str, Any]) -> BodyNode:
    """Text and HTML as alternatives, pictures the HTML shows related to it, then the attachments."""
    text = await _only(drafting, given.get("textBody"), "textBody", "plain")
    html = await _only(drafting, given.get("htmlBody"), "htmlBody", "html")
    attached = given.get("attachments") or []
    if not isinstance(attached, list):
        raise invalid_properties("attachments")
    others = [await _node(drafting, one, f"attachments/{index}", 1) for index, one in enumerate(attached)]
    inline = [one for one in others if one.content_id is not None and one.disposition == "inline"]
    if html is not None and inline:
        others = [one for one in others if one not in inline]
        html = BodyNode("multipart", "related", children=(html, *inline))
    bodies = [one for one in (text, html) if one is not None]
    body = BodyNode("multipart", "alternative", children=tuple(bodies)) if len(bodies) > 1 else next(iter(bodies), None)
    if not others:
        return body or text_node("")
    if body is None and len(others) == 1:
        return others[0]
    return BodyNode("multipart", "mixed", children=(*([body] if body is not None else ()), *others))


async def _only(drafting: Drafting, given: Any, name: str, subtype: str) -> BodyNode | None:
    """The one part of textBody or htmlBody."""
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 1:
        raise invalid_properties(name, description="exactly one part is wanted")
    node = await _node(drafting, given[0], f"{name}/0", 1, default=f"text/{subtype}")
    if (node.type, node.subtype) != ("text", subtype):
        raise invalid_properties(f"{name}/0/type")
    return node


async def _node(drafting: Drafting, given: Any, path: str, depth: int, default: str = "text/plain") -> BodyNode:
    """One EmailBodyPart."""
    drafting.parts -= 1
    if not isinstance(given, dict) or depth > MIME_DEPTH or drafting.parts < 0:
        raise invalid_properties(path)
    unknown = [name for name in given if name not in _PROPERTIES and not name.startswith("header:")]
    if unknown:
        raise invalid_properties(*(f"{path}/{name}" for name in unknown))
    kind, subtype = _type(given, path, default)
    node = _described(given, path, kind, subtype)
    if kind == "multipart":
        below = given.get("subParts")
        if not isinstance(below, list) or not below or given.get("partId") or given.get("blobId"):
            raise invalid_properties(f"{path}/subParts")
        children = [
            await _node(drafting, one, f"{path}/subParts/{index}", depth + 1) for index, one in enumerate(below)
        ]
        return replace(node, children=tuple(children))
    if given.get("subParts"):
        raise invalid_properties(f"{path}/subParts")
    return await _leaf(drafting, given, path, node)


def _type(given: Mapping[str, Any], path: str, default: str) -> tuple[str, str]:
    said = given.get("type")
    if said is None:
        said = "multipart/mixed" if given.get("subParts") else default if given.get("partId") else _GENERIC
    kind, slash, subtype = said.lower().partition("/") if isinstance(said, str) else ("", "", "")
    if not (kind and slash and subtype):
        raise invalid_properties(f"{path}/type")
    return kind, subtype


_GENERIC = "application/octet-stream"


def _described(given: Mapping[str, Any], path: str, kind: str, subtype: str) -> BodyNode:
    """The node with everything but its contents."""
    strings = {name: given.get(name) for name in ("name", "disposition", "cid", "location", "charset")}
    wrong = [f"{path}/{name}" for name, value in strings.items() if value is not None and not _clean(value)]
    language = given.get("language")
    if language is not None and not (isinstance(language, list) and all(_clean(one) for one in language)):
        wrong.append(f"{path}/language")
    headers = header_pairs(given, f"{path}/")
    wrong += [f"{path}/header:{name}" for name, _ in headers if name.lower() in _FORBIDDEN_FIELDS]
    if wrong:
        raise invalid_properties(*wrong)
    name, disposition = strings["name"], strings["disposition"]
    if name is not None and disposition is None:
        disposition = "attachment"
    return BodyNode(
        kind,
        subtype,
        params=(("charset", strings["charset"]),) if strings["charset"] and kind == "text" else (),
        disposition=disposition,
        disposition_params=(("filename", name),) if name is not None else (),
        content_id=strings["cid"],
        language=tuple(language or ()),
        location=strings["location"],
        headers=tuple(headers),
    )


def _clean(value: Any) -> bool:
    return isinstance(value, str) and not any(sign in value for sign in "\r\n\0")


async def _leaf(drafting: Drafting, given: Mapping[str, Any], path: str, node: BodyNode) -> BodyNode:
    """The node with the text of its partId or the octets of its blobId."""
    part_id, blob_id = given.get("partId"), given.get("blobId")
    if (part_id is None) == (blob_id is None):
        raise invalid_properties(f"{path}/partId", f"{path}/blobId", description="one of the two is wanted")
    if blob_id is not None:
        return await _from_blob(drafting, blob_id, path, node)
    if not isinstance(part_id, str) or part_id not in drafting.values:
        raise invalid_properties(f"{path}/partId", description="there is no such body value")
    wrong = [f"{path}/{name}" for name in ("charset", "size") if given.get(name) is not None]
    if node.type != "text":
        wrong.append(f"{path}/type")
    if wrong:
        raise invalid_properties(*wrong)
    text = text_node(drafting.values[part_id]["value"], node.subtype)
    drafting.spend(len(text.content or b""))
    return replace(node, params=text.params, content=text.content)


async def _from_blob(drafting: Drafting, blob_id: Any, path: str, node: BodyNode) -> BodyNode:
    if not isinstance(blob_id, str):
        raise invalid_properties(f"{path}/blobId")
    context = drafting.context
    try:
        blob = await find_blob(context.store, context.account_id, context.real_id(blob_id) or blob_id)
    except NotFound:
        drafting.missing.append(blob_id)
        return replace(node, content=b"")
    drafting.spend(blob.size or 0)
    octets = await blob.read()
    drafting.spend(0 if blob.size else len(octets))
    return replace(node, content=octets)
