"""HTML of strangers made harmless before a person sees it.

The first of three walls: the webmail cleans again and shows the result in a sandboxed frame under a strict policy.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote

import nh3

from pillarbox.core.limits import HTML_FORMATTING_WORK, HTML_REFERENCES, HTML_SIZE, HTML_WORK
from pillarbox.message.body import html_text


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details"
    " dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main mark"
    " menu nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th"
    " thead time tr tt u ul var wbr",
)
"""No svg, math, style, form, script, iframe, object, template, noscript, base, link or meta: what parses unlike HTML,
loads, submits or rewrites the page."""
_GONE = _words(
    "script style svg math template noscript iframe object embed applet title head textarea select option xmp noembed"
    " noframes plaintext audio video",
)
"""Elements whose text is no text for a reader."""
_ATTRIBUTES = {
    "*": _words("align bgcolor color dir height lang style title valign width"),
    "a": frozenset(("href",)),
    "img": _words("src alt border hspace vspace"),
    "font": frozenset(("face", "size")),
    "table": _words("border cellpadding cellspacing frame rules summary"),
    "td": _words("colspan rowspan nowrap headers scope"),
    "th": _words("colspan rowspan nowrap headers scope"),
    "col": frozenset(("span",)),
    "colgroup": frozenset(("span",)),
    "ol": frozenset(("start", "type", "reversed")),
    "ul": frozenset(("type",)),
    "li": frozenset(("value", "type")),
    "details": frozenset(("open",)),
    "time": frozenset(("datetime",)),
}
_STYLES = _words(
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width border-collapse"
    " border-color border-left border-left-color border-left-style border-left-width border-radius border-right"
    " border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color"
    " border-top-style border-top-width border-width box-sizing caption-side clear color direction display float font"
    " font-family font-size font-style font-variant font-weight height letter-spacing line-height list-style-type"
    " margin margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width overflow-wrap"
    " padding padding-bottom padding-left padding-right padding-top table-layout text-align text-decoration text-indent"
    " text-transform unicode-bidi vertical-align white-space width word-break word-spacing word-wrap",
)
"""Nothing that loads (url), floats above the page (position, z-index, transform) or hides an overlay (opacity)."""
_BACKGROUND = re.compile(r"\s*background\s*:(.*)", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(r"url\([^)]*\)?", re.IGNORECASE)
_COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\([0-9a-z\s.,%/+-]{0,60}\)|^\s*[a-z]+(?=\s*(?:!|$))", re.IGNORECASE
)
"""What of a `background` is its colour: written in numbers, or a word that stands alone."""
_FORBIDDEN_IN_STYLE = ("url", "expression", "image", "\\", "@", "/*", "<", "attr(", "env(", "var(")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_CLOSED = _words(
    "area base br col embed hr img input link meta param source track wbr p li td th tr dt dd option optgroup tbody"
    " thead tfoot colgroup rp rt",
)
"""Elements that are never open for long: without content, or closed by the next of their kind."""
_FORMATTING = _words("a b big code em font i nobr s small strike strong tt u")
"""Elements that HTML opens anew in each paragraph until they are closed."""
_LINKS = ("http:", "https:", "mailto:", "tel:")
_REMOTE = ("http:", "https:")
_PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,", "data:image/webp;base64,")
_DATA_CAP = 1 << 20  # characters of a data: picture


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Harmless HTML, a fragment for the body of a page, and how many remote pictures it lost."""

    html: str
    blocked_images: int


def clean_html(html: str, cid: Callable[[str], str | None], remote: bool) -> Cleaned:
    """The HTML without anything that acts, loads or hides.

    `cid` gives the URL for the Content-ID of a `cid:` picture (RFC 2392), or None when there is no such part. Without
    `remote` the address of a remote picture is kept in the attribute `data-blocked-src` and not loaded. Links open
    elsewhere and tell nobody where they were followed from. What is nested, or full of character references, beyond
    reason comes back as plain text.
    """
    html = html.replace("\0", "")[:HTML_SIZE]
    if html.count("&") > HTML_REFERENCES or too_deep(html):
        return Cleaned(f"<pre>{escape(html_text(html))}</pre>", 0)
    blocked = 0
    # nh3 can change an attribute's value but not its name: the name follows when the markup is well-formed.
    mark = f"x-{secrets.token_hex(16)}:"

    def keep(tag: str, name: str, value: str) -> str | None:
        nonlocal blocked
        if name == "style":
            return _style(value)
        if name == "href":
            return value if value.strip().lower().startswith(_LINKS) else None
        if name != "src":
            return value
        url = value.strip()
        lower = url[:40].lower()
        if lower.startswith("cid:"):
            return cid(unquote(url[4:]))
        if lower.startswith(_PICTURES):
            return url if len(url) <= _DATA_CAP else None
        if not lower.startswith(_REMOTE):
            return None
        if remote:
            return url
        blocked += 1
        return mark + url

    cleaned = _cleaner(keep).clean(html)
    return Cleaned(cleaned.replace(f' src="{mark}', ' data-blocked-src="'), blocked)


def too_deep(html: str) -> bool:
    """Whether the markup is nested so that building its tree would take a time that grows with the square of its size:
    the sum over all tags of the elements left open before them."""
    opened = formatting = work = formatting_work = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _CLOSED:
            step = 0
        elif match[1]:
            step = -1
        else:
            step = 1
        if name in _FORMATTING:
            formatting = max(formatting + step, 0)
        else:
            opened = max(opened + step, 0)
        work += opened + formatting
        formatting_work += formatting
        if work > HTML_WORK or formatting_work > HTML_FORMATTING_WORK:
            return True
    return False


def _cleaner(keep: Callable[[str, str, str], str | None]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_GONE,
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        filter_style_properties=_STYLES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _style(value: str) -> str | None:
    """The declarations that name nothing to load and hide nothing from the filter behind escapes or comments."""
    declarations = [_colour_only(one) for one in value.split(";")]
    kept = [one for one in declarations if one and not any(word in one.lower() for word in _FORBIDDEN_IN_STYLE)]
    return ";".join(kept) or None


def _colour_only(declaration: str) -> str:
    """The shorthand `background` as the colour in it, empty without one: white letters keep the ground they need."""
    shorthand = _BACKGROUND.fullmatch(declaration)
    if shorthand is None:
        return declaration
    colour = _COLOUR.search(_ADDRESS.sub(" ", shorthand[1]))
    return f"background-color:{colour[0].strip()}" if colour else ""
