"""One self-contained HTML page: everything inside, nothing loaded, nothing run.

Every text is escaped by jinja2, and the page carries a Content-Security-Policy under which a
browser runs no script and loads nothing from anywhere even if a text slipped through.
"""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

CONTENT_SECURITY_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def render(template: str, **values: Any) -> str:
    """The page of a template under ``templates/``; the same values give the same bytes."""
    environment = Environment(
        loader=PackageLoader("eegssl.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(
        content_security_policy=CONTENT_SECURITY_POLICY, **values
    )
