"""The player's templates: filled with autoescape, under a policy that lets nothing of the page reach a foreign host."""

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES: Final = Environment(
    loader=PackageLoader("player", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)

# blob: is how Video.js hands sound to the browser and starts its worker; data: are Video.js's icons.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors *",
    )
)

PAGE_HEADERS: Final = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}


def fill(template: str, **values: Any) -> str:
    """The text of a filled template."""
    return _TEMPLATES.get_template(template).render(**values)
