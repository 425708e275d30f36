"""Letters that come again and again: a newsletter, tide tables, receipts, builds, a mailing list."""

import math
import time
import tomllib
from collections.abc import Iterator
from importlib import resources

from pillarbox.cli.demo_mail.attachments import Attachment, boat, lighthouse, pillar_box, png
from pillarbox.cli.demo_mail.letter import FLAGGED, SEEN, Letter, Person

DAY = 86400
YOU: Person = ("Alex Rivera", "you@demo.test")

ISSUES = [
    ("In praise of the second draft", "The first draft is for you, the second for them, the third for the bin."),
    ("A letter that took 41 years", "It fell behind a sorting shelf in 1979. The answer was still yes."),
    ("Stamps nobody ordered", "A short walk through the most beautiful mistakes of the post."),
    ("How to fold", "Five folds, one of them legal only in Denmark."),
    ("The postwoman of the outer islands", "Two boats, one bicycle, eleven addresses, no complaints."),
    ("On the colour red", "Why a box that wants to be found should not be grey."),
    ("The slowest reply", "Readers write in. Some of them have been writing for a while."),
    ("Ink, weather, patience", "Three things you cannot hurry, and one you should not."),
    ("Dead letters, living rooms", "Inside the office where the undeliverable goes to be read."),
    ("A history of the comma", "Paused, for, effect."),
    ("Postcards from nobody", "An anonymous sender, 300 towns, the same small drawing of a heron."),
    ("What the carrier pigeon knew", "It was not much, but it was always home by six."),
]

WELCOME = """<div style="font-family:Georgia,serif;max-width:34em;margin:auto;color:#222">
<img src="cid:pillarbox" alt="A red pillar box" width="240" height="180" style="border-radius:8px">
<h1 style="color:#b01824;font-weight:normal">Hello, and welcome.</h1>
<p>This mailbox is yours to break. Everything in it is made up, nothing leaves this machine, and tomorrow's start keeps
whatever you did today.</p>
<p>Three things worth trying:</p>
<ol>
<li>Answer this letter, or write one to <a href="mailto:friend@demo.test">friend@demo.test</a>. Sign in as
<b>friend@demo.test</b> (the password is <code>demo</code>) in a second browser and watch it arrive.</li>
<li>Search for <b>foghorn</b>. Or for <b>灯台</b>, <b>маяк</b> or <b>منارة</b>: it is the same lighthouse.</li>
<li>Point your own mail program here. The card in the terminal has the ports.</li>
</ol>
<p>When something surprises you, tell us. A good surprise is welcome as well.</p>
<p>Yours,<br><i>the pillar box</i></p></div>
"""


def newsletters(now: int) -> Iterator[Letter]:
    """The Slow Post, weekly, in HTML with a picture of its own and one that only a tracker would want loaded."""
    pictures = [png(320, 140, drawing) for drawing in (lighthouse, boat, pillar_box)]
    for number, (title, lead) in enumerate(ISSUES):
        issue = len(ISSUES) - number + 100
        picture = Attachment("cover.png", "image/png", pictures[number % 3], f"cover{issue}")
        text = f"The Slow Post, number {issue}\n\n{title}\n\n{lead}\n\nRead slowly.\n"
        yield Letter(
            account="you",
            mailbox="Newsletters",
            sender=("The Slow Post", "hello@slowpost.example"),
            to=[YOU],
            subject=f"The Slow Post #{issue}: {title}",
            sent=now - number * 7 * DAY - 3 * 3600,
            text=text,
            html=_newsletter(issue, title, lead),
            flags=frozenset() if number < 2 else frozenset({SEEN}),
            attachments=[picture],
            headers={
                "List-Id": "The Slow Post <slowpost.example>",
                "List-Unsubscribe": f"<https://slowpost.example/leave/{issue}>, <mailto:leave@slowpost.example>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )


def _newsletter(issue: int, title: str, lead: str) -> str:
    older = "".join(f"<li>{name}</li>" for name, _ in ISSUES[issue % 5 : issue % 5 + 3])
    return f"""<!DOCTYPE html><html><head><style>
body {{ background:#f4efe6; margin:0 }} .sheet {{ background:#fff; font-family:Georgia,serif }} a {{ color:#b01824 }}
@media (max-width:480px) {{ .sheet {{ width:100% !important }} }}
</style></head><body>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table class="sheet" role="presentation" width="560" cellpadding="24" cellspacing="0">
<tr><td style="background:#b01824;color:#fff;font-size:26px;letter-spacing:2px">The Slow Post
<span style="float:right;font-size:14px">№ {issue}</span></td></tr>
<tr><td><img src="cid:cover{issue}" width="512" alt="Cover" style="display:block;border-radius:6px">
<h1 style="font-weight:normal">{title}</h1><p style="font-size:18px;line-height:1.5">{lead}</p>
<p style="line-height:1.6">We wrote this issue by hand, then typed it, then regretted two
sentences and kept one of them. Put the kettle on. <a href="https://slowpost.example/{issue}">Read the whole story</a>
when you have the time; it will wait.</p>
<h2 style="font-weight:normal;font-size:18px">Also in the bag</h2><ul style="line-height:1.8">{older}</ul></td></tr>
<tr><td style="color:#777;font-size:12px;border-top:1px solid #eee">You receive this because you asked twice.
<a href="https://slowpost.example/leave/{issue}">Leave</a>, no hard feelings.
<img src="https://slowpost.example/pixel/{issue}.gif" width="1" height="1" alt=""></td></tr>
</table></td></tr></table></body></html>
"""


def tides(now: int) -> Iterator[Letter]:
    """The tide table of each of the last 45 days, at six in the morning."""
    remarks = ["Gulls: many.", "Fog until ten.", "Seal on the slipway, let it sleep.", "Fair.", "Wind, then more wind."]
    for day in range(45):
        at = (now // DAY - day) * DAY + 6 * 3600
        if at > now:
            at -= DAY
        shift = (at // DAY) * 50 % 745
        rows = []
        for turn in range(4):
            minute = (shift + turn * 373) % 1440
            high = turn % 2 == 0
            height = 3.1 + (1 if high else -1) * (1.9 + 0.7 * math.cos(at / DAY / 14.77 * 2 * math.pi))
            rows.append(
                (minute, f"  {minute // 60:02}:{minute % 60:02}   {'high' if high else 'low ':<5} {height:4.1f} m")
            )
        table = "\n".join(row for _, row in sorted(rows))
        date = time.strftime("%A, %d %B %Y", time.gmtime(at))
        yield Letter(
            account="you",
            mailbox="Harbour/Tides",
            sender=("Harbour Office", "tides@harbour.example"),
            to=[("Everybody afloat", "tides@harbour.example")],
            subject=f"Tides for {date}",
            sent=at,
            text=f"Harbour Lane, {date}\n\n{table}\n\n{remarks[at // DAY % 5]}\n",
            flags=frozenset() if day == 0 else frozenset({SEEN}),
            headers={"Auto-Submitted": "auto-generated", "List-Id": "Tides <tides.harbour.example>"},
        )


def receipts(now: int) -> Iterator[Letter]:
    """Coffee, about every nine days."""
    promise = "Roasted tomorrow, in your letter box on Friday."
    roasts = [("Lighthouse Blend", 1150), ("Foghorn Dark", 1290), ("Early Ferry", 990)]
    for number in range(12):
        roast, cents = roasts[number % 3]
        bags = 1 + number % 2
        total = f"{bags * cents / 100:.2f} €"
        yield Letter(
            account="you",
            mailbox="Receipts",
            sender=("Kestrel Coffee", "orders@kestrel.example"),
            to=[YOU],
            subject=f"Your order K-{4100 - number * 37}: {bags} × {roast}",
            sent=now - number * 9 * DAY - 31 * 3600,
            text=f"Thank you, Alex.\n\n  {bags} × {roast} ........ {total}\n\n{promise}\n",
            html=f"<p>Thank you, Alex.</p><table border=1 cellpadding=6><tr><td>{bags} × {roast}"
            f"<td align=right><b>{total}</b></table><p>{promise}",
            flags=frozenset({SEEN, FLAGGED}) if number == 4 else frozenset({SEEN}),
        )


def builds(now: int) -> Iterator[Letter]:
    """A machine that writes a great deal and is seldom opened."""
    stories = ["fold letters along the grain", "heron: add ornament", "count lanterns twice", "remove the foghorn test"]
    for number in range(36):
        broken = number % 7 == 3
        state = "FAILED" if broken else "passed"
        reason = "lanterns/count.test: expected 40, got 41" if broken else "all 41 checks are green"
        yield Letter(
            account="you",
            mailbox="Archive",
            sender=("Forge", "noreply@forge.example"),
            to=[YOU],
            subject=f"[lantern] Build {512 - number} {state}: {stories[number % 4]}",
            sent=now - number * 2 * DAY - 40 * 3600,
            text=f"Build {512 - number} of lantern/main {state}.\n\n  {reason}\n",
            headers={"Auto-Submitted": "auto-generated", "Precedence": "bulk"},
        )


def mailing_list(now: int) -> Iterator[Letter]:
    """The mailing list of people who print by hand, topic after topic."""
    data = tomllib.loads(resources.files("pillarbox.cli.demo_mail").joinpath("lists.toml").read_text("utf-8"))
    posters = [(name, address) for name, address in data["posters"]]
    home = f"{data['name'].lower()}@{data['id'].partition('.')[2]}"
    for number, topic in enumerate(data["topic"]):
        references: list[str] = []
        for answer, (who, text) in enumerate(topic["posts"]):
            letter = Letter(
                account="you",
                mailbox=f"Lists/{data['name']}",
                sender=posters[who],
                to=[(data["name"], home)],
                subject=("Re: " if answer else "") + topic["subject"],
                sent=now - number * 5 * DAY - 50 * 3600 + answer * 5 * 3600,
                text=f"{text}\n\n-- \n{posters[who][0].split()[0]}\n",
                flags=frozenset() if number == 0 and answer > 1 else frozenset({SEEN}),
                references=tuple(references),
                headers={"List-Id": f"{data['name']} <{data['id']}>", "List-Post": f"<mailto:{home}>"},
            )
            references.append(letter.message_id)
            yield letter
