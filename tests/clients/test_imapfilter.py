"""imapfilter: rules in Lua that search, flag, copy, move and delete, with mailboxes whose names are not ASCII."""

from pillarbox.store.model import FLAGGED, SEEN
from tests.clients.letters import NAME, dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.server import PASSWORD

RULES = """
options.certificates = true
options.create = true
options.subscribe = true
options.charset = 'UTF-8'
options.timeout = 30
local here = IMAP { server = '%s', port = %d, username = '%s', password = '%s', ssl = 'auto' }
local inbox = here.INBOX
local needles = inbox:contain_body('rare needle')
assert(#needles == 1)
needles:mark_flagged()
needles:copy_messages(here['Needles'])
;(inbox:contain_subject('number 3') * inbox:is_unseen()):move_messages(here['%s'])
inbox:contain_from('s4@example.org'):mark_seen()
inbox:contain_field('Message-ID', 'letter5@'):delete_messages()
;(inbox:is_larger(5000) + inbox:sent_before('02-Jul-2024')):add_flags({ '$Old' })
local mailboxes = here:list_all()
for _, name in ipairs(mailboxes) do print(name) end
local exist, unread = here['%s']:check_status()
assert(exist == 1)
"""


@SQLITE
def test_rules(home: Home, you: Person) -> None:
    mail = [letter(0), letter(2, "a rare needle"), letter(3), letter(4), letter(5), dotted(), letter(7, "long " * 2000)]
    you.put(*mail)
    rules = RULES % (HOST, home.port("imaps"), you.address, PASSWORD, NAME, NAME)
    (home.folder / ".imapfilter").mkdir()
    certificate = home.certificate.read_text("ascii")
    home.file(".imapfilter/certificates", certificate)
    done = home.ok(["imapfilter", "-t", home.certificate, "-c", home.file(".imapfilter/config.lua", rules)])
    assert NAME in done.text
    assert you.octets() == [mail[0], mail[1], *mail[3:4], *mail[5:]]
    assert {held.octets: held.flags for held in you.mail() if held.flags} == {mail[1]: FLAGGED, mail[3]: SEEN}
    assert {held.octets for held in you.mail() if "$Old" in held.keywords} == {mail[0], mail[6]}
    assert you.octets("Needles") == [mail[1]]
    assert you.octets(NAME) == [mail[2]]
    assert {"Needles", NAME} <= you.mailboxes()
