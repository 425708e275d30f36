"""The analyser, what a text asks of the index, and snippets."""

import pytest

from pillarbox.message.collation import casemap
from pillarbox.store.analyser import fold, junctions, language, runs, stems, terms
from pillarbox.store.search_words import narrow, phrases, snippet
from pillarbox.store.vocabulary import Probe, Wanted, asked, fitting, merged, segment, signature, signed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World_2!", ["hello", "world", "2"]),
        ("ann@demo.test", ["ann", "demo", "test"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("ﬁsh e\u0301t\u00e9", ["fish", "e\u0301te\u0301"]),
        ("Caf\u00e9 \u0130\u0131", ["cafe\u0301", "i\u0307i"]),
        ("\u304c\u304f \ud55c\uad6d\uc5b4", ["\u304b\u3099", "\u3099\u304f", "\ud55c\uad6d", "\uad6d\uc5b4"]),
        ("東京都 a北京b", ["東京", "京都", "a", "北京", "b"]),
        ("日", ["日"]),
        ("हिन्दी", ["हिन्दी"]),
        ("สวัส", ["สว", "วั", "ัส"]),
        ("3.14 x²", ["3", "14", "x2"]),
        ("😀 fine", ["😀", "fine"]),
        ("q" * 70, ["q" * 64, "q" * 38]),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(fold(text)) == expected


def test_any_part_of_a_long_run_lies_within_one_of_its_pieces() -> None:
    run = "".join(chr(97 + n * n % 26) for n in range(200))
    for start in range(len(run) - 32):
        assert any(run[start : start + 32] in piece for piece in terms(run))


def test_languages_and_stems() -> None:
    assert language("The quick brown fox jumps over the lazy dog and went home to sleep") == "e"
    assert language("Merci beaucoup pour votre message, nous vous répondrons dès que possible") == "f"
    assert language("short") == "e"
    assert stems(["running", "reports"], "e") == ["run", "report"]
    assert stems(["running"], "") == ["running"]
    assert len({*stems([fold("Häuser"), fold("Häusern"), fold("HÄUSER")], "g")}) == 1
    assert stems([fold("Häuser")], "g") == [fold(stems([fold("Häuser")], "g")[0])]
    assert len({*stems([fold("мой"), fold("МОЙ")], "r")}) == 1


def test_what_rfc_5051_takes_for_equal_is_so_when_folded() -> None:
    """The other way round too, but for what full case folding adds: folding goes through the casemap."""
    for code in range(0x110000):
        char = chr(code)
        if not char.isascii() and not 0xD800 <= code < 0xE000:
            assert fold(char) == "".join(map(fold, casemap(char))), hex(code)
    for one, other in (
        ("\u01c4", "\u01c6"),
        ("\u00b5", "\u039c"),
        ("e\u0301", "\u00c9"),
        ("\u0131", "I"),
        ("\u03c2", "\u03a3"),
    ):
        assert casemap(one) == casemap(other)
        assert fold(one) == fold(other)
    assert fold("cafe") in fold("CAFÉ")


def probe(how: str, part: str) -> Probe:
    return Probe(fields="m", how=how, part=part)


@pytest.mark.parametrize(
    ("needle", "expected", "decided"),
    [
        ("port", (probe("inside", "port"),), True),
        ("ann@demo.te", (probe("ends", "ann"), Probe(("mdemo",)), probe("starts", "te")), False),
        (" port", (probe("starts", "port"),), False),
        ("port.", (probe("ends", "port"),), False),
        ("東京", (Probe(("m東京",)),), True),
        ("東京都", (Probe(("m東京",)), Probe(("m京都",))), False),
        ("東", (probe("inside", "東"),), True),
        ("...", (), False),
        ("q" * 33, (probe("inside", "q" * 32),), False),
    ],
)
def test_what_narrows_a_substring(needle: str, expected: tuple[Probe, ...], decided: bool) -> None:
    wanted = narrow(needle, "m")
    assert (wanted.probes, wanted.decided) == (expected, decided)


def test_tokens_that_contain_a_part() -> None:
    segments = [segment(["mreport", "sreport", "mport", "mx"]), segment(["mporter", "hmport"])]
    assert fitting(segments, probe("inside", "port")) == ["mport", "mporter", "mreport"]
    assert fitting(segments, probe("starts", "port")) == ["mport", "mporter"]
    assert fitting(segments, probe("ends", "port")) == ["mport", "mreport"]
    assert fitting(segments, probe("inside", "m")) == []
    assert fitting(segments, Probe(fields="mh", how="inside", part="mp")) == ["hmport"]
    assert fitting(["".join(segments)], probe("ends", "x")) == ["mx"]
    assert merged(segments) == segment(["mreport", "sreport", "mport", "mx", "mporter", "hmport"])


def test_cheap_probes_come_first() -> None:
    segments = [segment(["maa", "mab", "mb"])]
    wanted = Wanted((probe("inside", "a"), Probe(("mb",))), decided=False)
    assert asked(segments, wanted) == [["mb"], ["maa", "mab"]]


def test_phrases_of_a_query() -> None:
    found = [phrase.words for phrase in phrases("lunch \"Budget  2024\" ann@demo.test don't 'two words' !")]
    assert found == [("lunch",), ("budget", "2024"), ("ann", "demo", "test"), ("don", "t"), ("two", "words")]


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("The Reports were <late> & long", "report", "The <mark>Reports</mark> were &lt;late&gt; &amp; long"),
        ("nothing here", "report", None),
        ("nothing here", "!", None),
        ("ich bin in 東京都 heute", "東京都", "ich bin in <mark>東京都</mark> heute"),
        ("Eine Straße", "STRASSE", "Eine <mark>Straße</mark>"),
        ("これはがっこうです", "がっこう", "これは<mark>がっこう</mark>です"),
        ("un café", "CAFE\u0301", "un <mark>café</mark>"),
        ("", "x", None),
    ],
)
def test_snippets(text: str, query: str, expected: str | None) -> None:
    assert snippet(text, query) == expected


def test_a_snippet_of_a_long_text_begins_shortly_before_the_word() -> None:
    text = "before " * 200 + "needle " + "after " * 200
    found = snippet(text, "needles")
    assert found is not None
    assert "<mark>needle</mark>" in found
    assert len(found) < 290
    assert found.startswith("before")


def test_runs_keep_their_order() -> None:
    assert runs("b a b") == ["b", "a", "b"]


def test_of_a_long_substring_the_longest_runs_narrow() -> None:
    wanted = narrow(" ".join("x" * (number % 40 + 1) for number in range(1000)), "m")
    assert len(wanted.probes) <= 16
    assert Probe(tokens=("m" + "x" * 40,)) in wanted.probes
    assert len(wanted.junctions) <= 16


TEXTS = (
    "a red, red apple: x!y",
    "東京都 abc の z-z",
    "Ünï  cödé ½ e\u0301a b",
    "--",
    "one",
    "a b c d e",
    "x" * 70 + " yy",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_part_of_a_text_has_no_junctions_of_its_own(text: str) -> None:
    folded = fold(text)
    every = junctions(folded)
    made = signature(every)
    for start in range(len(folded)):
        for end in range(start, len(folded) + 1):
            part = folded[start:end]
            assert junctions(part, whole=False) <= every, part
            assert signed(made, junctions(part, whole=False))


def test_junctions_tell_neighbours_from_others() -> None:
    text = junctions(fold("The red apple, a green pear"))
    assert junctions("red apple", whole=False) <= text
    assert junctions("hundred apples", whole=False) <= text  # the letters around the gap are the same
    assert not junctions("red, apple", whole=False) <= text
    assert not junctions("apple red", whole=False) <= text
    assert junctions("a green", whole=False) == set()  # what ends in "a" is not known
    assert junctions(", a green", whole=False) <= text
    assert junctions("apple", whole=False) == set()


def test_few_signatures_have_what_is_not_there() -> None:
    made = [signature(junctions(" ".join(f"w{n * k % 977}" for k in range(1, 150)))) for n in range(1, 200)]
    asked = junctions("some thing")
    assert sum(signed(one, asked) for one in made) < 60
    assert signature(set()) == bytes(8)
    assert not signed(bytes(8), {5})


@pytest.mark.parametrize("text", ["é" * 200_000, "e\u0301" * 100_000, "ab ñ" * 50_000 + "ﬁ" * 70_000])
def test_long_texts_are_folded_like_short_ones(text: str) -> None:
    assert fold(text) == "".join(map(fold, (text[at : at + 1000] for at in range(0, len(text), 1000))))
