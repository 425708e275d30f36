"""The pages that are printed from the code say what the code says now."""

import pytest

from tools.pages import DOCS, PAGES


@pytest.mark.parametrize("name", ["settings.md", "standards.md", "imap.md"])
def test_a_page_is_as_it_would_be_printed(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name](), f"docs/{name} is old: make docs"
