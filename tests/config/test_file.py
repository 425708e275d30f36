"""Settings files: what is read, and how what is wrong is named."""

from pathlib import Path

import pytest

from pillarbox.config.explanation import as_tree, differences, explain
from pillarbox.config.file import SettingsError, line_of, load, parse
from pillarbox.config.settings import Endpoint, Settings

HERE = Path("/somewhere/pillarbox.toml")

REFUSED = [
    ('[server]\nhostnam = "a"', "line 2: unknown key server.hostnam; did you mean server.hostname?"),
    ('[serve]\nhostname = "a"', "line 1: unknown key serve; did you mean server?"),
    ("[limits]\n\nhostname = 3", "line 3: unknown key limits.hostname; did you mean server.hostname?"),
    ("[server]\nworkers = 0", "line 2: server.workers: Expected int >= 1"),
    ("[server]\nworkers = 300", "line 2: server.workers: Expected int <= 64"),
    ('[server]\nworkers = "many"', "line 2: server.workers: Invalid enum value 'many'"),
    ('[listeners]\nsmtp = "2525"', 'line 2: listeners.smtp: Expected "address:port" or "off"'),
    ('[listeners]\nsmtp = "1.2.3.4:99999"', 'line 2: listeners.smtp: Expected "address:port" or "off"'),
    ('[listeners]\nimap = "127.0.0.1:2587"', "is already used by listeners."),
    ("server = 3", "line 1: server: Expected object, got int"),
    ('[engine]\nkind = "postgres"', "line 1: engine.url: Expected postgresql://"),
    ('[tls]\ncertificate = "a.pem"', "line 2: tls.certificate: certificate and key are given together"),
    ('[http]\nurl = "mail.example.org"', "line 2: http.url: Expected where it is found"),
    ('[http]\nurl = "https://a\\"b"', "line 2: http.url: Expected where it is found"),
    ('[server]\nhostname = "a b"', "line 2: server.hostname: Expected a host name"),
    ("[server", "Expected ']'"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(text, HERE)
    assert str(refused.value).startswith(str(HERE))
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_is_needed(tmp_path: Path) -> None:
    (tmp_path / "pillarbox.toml").write_text("")
    settings = load(tmp_path / "pillarbox.toml")
    assert settings.listeners.smtp == Endpoint("127.0.0.1", 2525)
    assert settings.server.data == tmp_path / "var"
    assert all(endpoint.host == "127.0.0.1" for endpoint in settings.endpoints().values())
    assert not settings.login.plain_from_loopback


def test_values() -> None:
    settings = parse(
        '[server]\nworkers = 3\ndata = "/mail"\n[listeners]\nsmtp = "[::]:25"\npop3 = "off"\nhttp = ":80"', HERE
    )
    assert (settings.server.workers, settings.server.data) == (3, Path("/mail"))
    assert settings.listeners.smtp == Endpoint("::", 25)
    assert settings.listeners.http == Endpoint("0.0.0.0", 80)
    assert "pop3" not in settings.endpoints()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "https://localhost:8443/.well-known/jmap"),
        ('[listeners]\nhttps = "0.0.0.0:443"\n[server]\nhostname = "m.test"', "https://m.test/.well-known/jmap"),
        ('[listeners]\nhttps = "off"', ""),
        ('[listeners]\nhttps = "off"\n[http]\nurl = "https://m.test/mail/"', "https://m.test/mail/.well-known/jmap"),
    ],
)
def test_where_jmap_is(text: str, url: str) -> None:
    assert parse(text, HERE).jmap_session == url


def test_a_missing_file_is_one_line() -> None:
    with pytest.raises(SettingsError, match=r"/nowhere/p\.toml: No such file or directory"):
        load(Path("/nowhere/p.toml"))


def test_every_setting_is_explained_and_reads_back() -> None:
    settings = parse('[server]\nhostname = "mail.example.org"\n[listeners]\nsmtp = "off"', HERE)
    text = explain(settings)
    assert parse(text, HERE) == settings
    spelled = text.replace("\n#", "\n").replace("\n ", "\n# ").replace('""', '"/x"')
    for name, value in (("contact", "mailto:x@y.z"), ("url", "https://x")):
        spelled = spelled.replace(f'\n{name} = "/x"', f'\n{name} = "{value}"')
    assert parse(spelled, HERE)
    for before, line in zip(text.splitlines(), text.splitlines()[1:], strict=False):
        if " = " in line and not line.startswith("# "):
            assert before.startswith("# "), line


def test_differences() -> None:
    assert differences(Settings()) == ""
    settings = parse('[server]\nhostname = "mail.example.org"\n[listeners]\nsmtp = "off"', HERE)
    shown = differences(settings)
    assert shown.splitlines()[:2] == ["[server]", 'hostname = "mail.example.org"']
    assert 'smtp = "off"' in shown
    assert "imap" not in shown
    assert as_tree(settings)["listeners"]["smtp"] == "off"


def test_lines() -> None:
    text = '# x\n[server]\nhostname = "a"\n\n[ limits ]\nquota=3\n'
    assert (line_of(text, "server.hostname"), line_of(text, "limits.quota"), line_of(text, "limits")) == (3, 6, 5)


def test_a_contact_is_a_uri() -> None:
    assert parse('[imap]\ncontact = "tel:+1-816-555-1212"', HERE).imap.contact == "tel:+1-816-555-1212"
    with pytest.raises(SettingsError, match=r"imap\.contact"):
        parse('[imap]\ncontact = "postmaster@example.org"', HERE)
