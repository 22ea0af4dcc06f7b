"""Render a page as one HTML file that loads nothing.

Every text is escaped by jinja2, and the page carries a Content-Security-Policy under which a
browser runs no script and loads nothing from anywhere even if a text slipped through.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from eegssl.reports.sections import Page

CONTENT_SECURITY_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
RESEARCH_USE = "Research use only. Not a medical device; not for diagnosis or treatment."


def render_page(page: Page) -> str:
    """The page as self-contained HTML; the same page gives the same bytes."""
    return _template().render(
        page=page, content_security_policy=CONTENT_SECURITY_POLICY, research_use=RESEARCH_USE
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
    return environment.get_template("page.html.j2")
