"""Render a page as one HTML file that loads nothing.

Every text is escaped by jinja2, and the page carries a Content-Security-Policy under which a
browser runs no script and loads nothing from anywhere even if a text slipped through.
"""

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from eegssl.reports.sections import Page, Section

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)
_WHOLE = re.compile(r"(?<!\S)(\S{1,18}-\S{1,18}|[\d.,]+ (?:h|s|%))(?!\S)")
RESEARCH_USE = "Research use only. Not a medical device; not for diagnosis or treatment."


def render_page(page: Page) -> str:
    """The page as self-contained HTML; the same page gives the same bytes."""
    return _template().render(
        page=page,
        sections=_anchored(page),
        content_security_policy=CONTENT_SECURITY_POLICY,
        research_use=RESEARCH_USE,
    )


def _anchored(page: Page) -> list[tuple[str, Section]]:
    """The sections that are shown, each with an anchor of its own for the table of contents."""
    shown = [one for one in page.sections if one.parts]
    words = [re.sub(r"[^a-z0-9]+", "-", one.title.lower()).strip("-") for one in shown]
    return [(f"s{k}-{word}", one) for k, (word, one) in enumerate(zip(words, shown, strict=True))]


def _whole_words(text: str, longest: int = 37) -> Markup:
    """The text, escaped; short words with hyphens, and numbers with units, stay on one line."""
    whole = Markup('<span class="whole">{}</span>')
    return Markup("").join(
        whole.format(part) if k % 2 and len(part) <= longest else escape(part)
        for k, part in enumerate(_WHOLE.split(text))
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("eegssl.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["whole_words"] = _whole_words
    return environment.get_template("page.html.j2")
