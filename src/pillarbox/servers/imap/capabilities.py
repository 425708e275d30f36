"""What this server says it can do: one list, from which CAPABILITY, its response code and ENABLE are answered."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from pillarbox.wire.imap.quota import RESOURCES
from pillarbox.wire.sasl.table import MECHANISMS


class When(Enum):
    """When a capability is advertised."""

    ALWAYS = auto()
    CLEAR = auto()  # while STARTTLS may be given
    NO_LOGIN = auto()  # while a password may not be sent
    LOGIN = auto()  # while logging in is possible
    STRANGER = auto()  # before login
    AUTHENTICATED = auto()  # after login
    JMAP = auto()  # after a login that JMAP would take too
    UNAUTHENTICATE = auto()  # after login, where the settings let a connection be used again


@dataclass(frozen=True, slots=True)
class Capability:
    """One name of the CAPABILITY answer. `enable`: the client has to ENABLE it (RFC 5161). `valued`: a number goes with
    it; where there is none, it is not offered. `mechanism`: it says that this one may be used."""

    name: str
    source: str
    when: When = When.ALWAYS
    enable: bool = False
    valued: bool = False
    mechanism: str = ""


_SASL = {
    "EXTERNAL": "RFC 4422 appendix A",
    "SCRAM-SHA-256-PLUS": "RFC 7677",
    "SCRAM-SHA-1-PLUS": "RFC 5802",
    "SCRAM-SHA-256": "RFC 7677",
    "SCRAM-SHA-1": "RFC 5802",
    "PLAIN": "RFC 4616",
    "OAUTHBEARER": "RFC 7628",
}
_ANY = "RFC 3501 §6.2.2"

CAPABILITIES: tuple[Capability, ...] = (
    Capability("IMAP4rev1", "RFC 3501"),
    Capability("IMAP4rev2", "RFC 9051", enable=True),
    Capability("STARTTLS", "RFC 3501 §6.2.1", When.CLEAR),
    Capability("LOGINDISABLED", "RFC 3501 §6.2.3", When.NO_LOGIN),
    *(Capability(f"AUTH={name}", _SASL.get(name, _ANY), When.LOGIN, mechanism=name) for name in MECHANISMS),
    Capability("SASL-IR", "RFC 4959"),
    Capability("LITERAL-", "RFC 7888 §5", When.STRANGER),
    Capability("LITERAL+", "RFC 7888", When.AUTHENTICATED),
    Capability("ID", "RFC 2971"),
    Capability("ENABLE", "RFC 5161"),
    Capability("IDLE", "RFC 2177"),
    Capability("NOTIFY", "RFC 5465", When.AUTHENTICATED),
    Capability("UTF8=ACCEPT", "RFC 6855", When.AUTHENTICATED, enable=True),
    Capability("NAMESPACE", "RFC 2342", When.AUTHENTICATED),
    Capability("ACL", "RFC 4314", When.AUTHENTICATED),
    Capability("RIGHTS=kxte", "RFC 4314 §5.1.1", When.AUTHENTICATED),
    Capability("CHILDREN", "RFC 3348", When.AUTHENTICATED),
    Capability("UNSELECT", "RFC 3691", When.AUTHENTICATED),
    Capability("UIDPLUS", "RFC 4315", When.AUTHENTICATED),
    Capability("MOVE", "RFC 6851", When.AUTHENTICATED),
    Capability("COMPRESS=DEFLATE", "RFC 4978", When.AUTHENTICATED),
    Capability("UNAUTHENTICATE", "RFC 8437", When.UNAUTHENTICATE),
    Capability("MULTIAPPEND", "RFC 3502", When.AUTHENTICATED),
    Capability("CATENATE", "RFC 4469", When.AUTHENTICATED),
    Capability("REPLACE", "RFC 8508", When.AUTHENTICATED),
    Capability("BINARY", "RFC 3516", When.AUTHENTICATED),
    Capability("APPENDLIMIT", "RFC 7889", When.AUTHENTICATED, valued=True),
    Capability("MESSAGELIMIT", "RFC 9738", When.AUTHENTICATED, valued=True),
    Capability("SAVELIMIT", "RFC 9738", When.AUTHENTICATED, valued=True),
    Capability("SPECIAL-USE", "RFC 6154", When.AUTHENTICATED),
    Capability("CREATE-SPECIAL-USE", "RFC 6154 §3", When.AUTHENTICATED),
    Capability("LIST-EXTENDED", "RFC 5258", When.AUTHENTICATED),
    Capability("LIST-STATUS", "RFC 5819", When.AUTHENTICATED),
    Capability("LIST-MYRIGHTS", "RFC 8440", When.AUTHENTICATED),
    Capability("STATUS=SIZE", "RFC 8438", When.AUTHENTICATED),
    Capability("QUOTA", "RFC 9208", When.AUTHENTICATED),
    Capability("QUOTASET", "RFC 9208 §4.1.3", When.AUTHENTICATED),
    *(Capability(f"QUOTA=RES-{name}", "RFC 9208 §3.1", When.AUTHENTICATED) for name in sorted(RESOURCES)),
    Capability("METADATA", "RFC 5464", When.AUTHENTICATED, enable=True),
    Capability("LIST-METADATA", "RFC 9590", When.AUTHENTICATED),
    Capability("ESEARCH", "RFC 4731", When.AUTHENTICATED),
    Capability("SEARCHRES", "RFC 5182", When.AUTHENTICATED),
    Capability("SORT", "RFC 5256", When.AUTHENTICATED),
    Capability("SORT=DISPLAY", "RFC 5957", When.AUTHENTICATED),
    Capability("ESORT", "RFC 5267 §3", When.AUTHENTICATED),
    Capability("THREAD=ORDEREDSUBJECT", "RFC 5256", When.AUTHENTICATED),
    Capability("THREAD=REFERENCES", "RFC 5256", When.AUTHENTICATED),
    Capability("THREAD=REFS", "draft-ietf-morg-inthread", When.AUTHENTICATED),
    Capability("CONTEXT=SEARCH", "RFC 5267", When.AUTHENTICATED),
    Capability("CONTEXT=SORT", "RFC 5267", When.AUTHENTICATED),
    Capability("PARTIAL", "RFC 9394", When.AUTHENTICATED),
    Capability("MULTISEARCH", "RFC 7377", When.AUTHENTICATED),
    Capability("SEARCH=FUZZY", "RFC 6203", When.AUTHENTICATED),
    Capability("INPROGRESS", "RFC 9585", When.AUTHENTICATED),
    Capability("I18NLEVEL=1", "RFC 5255 §4.3", When.AUTHENTICATED),
    Capability("WITHIN", "RFC 5032", When.AUTHENTICATED),
    Capability("OBJECTID", "RFC 8474", When.AUTHENTICATED),
    Capability("JMAPACCESS", "RFC 9698", When.JMAP),
    Capability("SAVEDATE", "RFC 8514", When.AUTHENTICATED),
    Capability("PREVIEW", "RFC 8970", When.AUTHENTICATED),
    Capability("CONDSTORE", "RFC 7162", When.AUTHENTICATED, enable=True),
    Capability("QRESYNC", "RFC 7162 §3.2", When.AUTHENTICATED, enable=True),
    Capability("UIDBATCHES", "RFC 10022", When.AUTHENTICATED),
    Capability("UIDONLY", "RFC 9586", When.AUTHENTICATED, enable=True),
)

ENABLING = {one.name.upper(): one.name for one in CAPABILITIES if one.enable}
"""What ENABLE knows: names in upper case, and as they are spelled."""


def advertised(conditions: frozenset[When], values: Mapping[str, int], mechanisms: Container[str] = ()) -> list[str]:
    """The names to send under these conditions, with the numbers of those that have one (RFC 7889 §2); `mechanisms` are
    those to list."""
    return [
        f"{one.name}={values[one.name]}" if one.valued else one.name
        for one in CAPABILITIES
        if (one.when is When.ALWAYS or one.when in conditions)
        and (not one.valued or one.name in values)
        and (not one.mechanism or one.mechanism in mechanisms)
    ]
