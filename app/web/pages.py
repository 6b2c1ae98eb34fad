"""The two pages for people: the front page with URLs to try, and the one that `jobDocs` names. No script, no foreign host."""

from html import escape
from string import Template
from typing import Final

from aiohttp import web

from app.settings import DEFAULT_ACCOUNT

_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"

_FRAME: Final = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #17181c; --soft: #5c616b; --line: #e3e2dd }
:root { --ground: #f5f4f0; --card: #fff; --accent: #5143e0; --on: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef0f4; --soft: #a2a8b4; --line: #2b2e37 }
  :root { --ground: #0e0f13; --card: #17191f; --accent: #a79dff; --on: #14122b }
}
* { box-sizing: border-box }
body { background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
body { margin: 0 auto; max-width: 50rem; padding: clamp(2rem, 7vw, 4.5rem) 1.25rem 3rem }
h1 { font-size: clamp(1.75rem, 1.2rem + 2.6vw, 2.75rem); letter-spacing: -.025em; line-height: 1.1; margin: 0; text-wrap: balance }
h2 { font-size: 1.0625rem; margin: 2.5rem 0 .9rem }
p { margin: .5rem 0 }
ol, ul { background: var(--card); border: 1px solid var(--line); border-radius: 18px; list-style: none; margin: 0; padding: 0 1.25rem }
h1 ~ ul { margin-top: 1.5rem }
li { padding: 1rem 0 }
li + li { border-top: 1px solid var(--line) }
a { border-radius: 4px; color: var(--accent) }
li > a, code { font: .875rem/1.5 ui-monospace, "SF Mono", Menlo, monospace; overflow-wrap: anywhere }
li > strong { display: block; font-weight: 600 }
small, .lead, footer { color: var(--soft) }
small { font-size: .9375rem }
.name { color: var(--accent); font-weight: 700; letter-spacing: -.01em; margin: 0 0 .6rem }
.lead { font-size: 1.125rem; margin: .8rem 0 1.6rem; max-width: 36rem }
.play { background: var(--accent); border-radius: 12px; color: var(--on); display: inline-block; font-weight: 600; padding: .8rem 1.3rem }
.play { text-decoration: none }
.play:hover { filter: brightness(1.1) }
a:focus-visible, audio:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
footer { font-size: .9375rem; margin-top: 1.75rem }
audio { display: block; height: 2.5rem; margin-top: .75rem; width: 100% }
</style>
</head>
<body>
$body
</body>
</html>
""")

_PLAYER: Final = "/audio{path}"
_TRIALS: Final = (
    ("/raw{path}", "The original, as it was stored", False),
    ("/audio{path}?f=meta", "What is in it: codec, rate, channels, duration", False),
    ("/audio{path}?f=mp3&br=128", "A job: ask again until its status is Succeeded, then follow its artifactUrl", False),
    ("/audio{path}?f=mp3&br=128&a=/audio.mp3&wait=30", "The same MP3 itself; the first request waits until it is encoded", True),
    ("/audio{path}?f=aac&ts=0.5&te=2&rp=2&a=/audio.aac&wait=30", "Cut from 0.5 to 2 seconds, played twice, as AAC", True),
)

_JOB_STATES: Final = (
    ("Created, Pending", "The job waits for a worker. A variant's own URL shows both as Running."),
    ("Running", "It is being encoded; the Job API tells its progress in percent."),
    ("Succeeded", "summary.result.artifactUrl is where the file is, from now on and for everybody who asks for the same."),
    ("Failed", "error.code and error.message say why. The same input is not tried again for a short while."),
    ("Cancelling, Cancelled", "DELETE of the job's URL has ended it; nothing is kept and nothing is billed."),
)


def front_page(demo_path: str) -> web.Response:
    """What this is, the player, and five URLs that answer at once. `demo_path`: an original of the default account, URL-encoded."""
    player = escape(_address(_PLAYER, demo_path))
    rows = "\n".join(_trial(_address(form, demo_path), text, audible) for form, text, audible in _TRIALS)
    body = (
        '<main>\n<p class="name">Soundpath</p>\n<h1>The URL is the transformation.</h1>\n'
        '<p class="lead">An audio CDN of your own: put a file in, ask for it in any shape, hear it at once.</p>\n'
        f'<p><a class="play" href="{player}">Open the player</a></p>\n<p><code>{player}</code></p>\n'
        f"<h2>The same sound in other shapes</h2>\n<ol>\n{rows}\n</ol>\n</main>\n"
        "<footer>All parameters: README and docs/params.md. All endpoints: docs/api.md.</footer>"
    )
    return page("Soundpath", body)


async def job_docs(_request: web.Request) -> web.Response:
    """GET /docs/job-api/GetJob: what the fields of a job mean."""
    rows = "\n".join(f"<li><code>{escape(state)}</code><br><small>{escape(text)}</small></li>" for state, text in _JOB_STATES)
    body = (
        "<h1>GetJob</h1>\n<p><code>GET /v2/accounts/{accountId}/jobs/{jobType}/{jobId}</code></p>\n"
        "<p>A job is one run of one variant. Poll it, or the variant's own URL, until its status is one that ends it.</p>\n"
        f"<ul>\n{rows}\n</ul>"
    )
    return page("GetJob – Soundpath", body)


def _address(form: str, demo_path: str) -> str:
    return f"/{DEFAULT_ACCOUNT}{form.format(path=demo_path)}"


def _trial(url: str, text: str, audible: bool) -> str:
    shown = escape(url)
    # preload="none": looking at this page starts no run.
    player = f'<audio controls preload="none" src="{shown}"></audio>' if audible else ""
    return f'<li><strong>{escape(text)}</strong><a href="{shown}">{shown}</a>{player}</li>'


def page(title: str, body: str) -> web.Response:
    """A page of ours around a body that is HTML already."""
    headers = {"Content-Security-Policy": _CSP, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=_FRAME.substitute(title=escape(title), body=body), content_type="text/html", headers=headers)
