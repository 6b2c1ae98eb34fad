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
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d9dee3; --page: #fff; --link: #0a58ca }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --soft: #9aa4ae; --line: #30363d; --page: #14171a; --link: #7ab4ff }
}
body { background: var(--page); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
body { margin: 0 auto; max-width: 46rem; padding: 3rem 1.25rem }
h1 { font-size: 1.6rem; margin: 0 }
p { margin: .5rem 0 }
ol, ul { list-style: none; margin: 1.5rem 0; padding: 0 }
li { border-top: 1px solid var(--line); padding: .9rem 0 }
a { color: var(--link); font: .92rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
code { font: .92rem ui-monospace, monospace; overflow-wrap: anywhere }
small { color: var(--soft); font-size: .92rem }
audio { display: block; margin-top: .6rem; width: 100% }
</style>
</head>
<body>
$body
</body>
</html>
""")

_TRIALS: Final = (
    ("/raw{path}", "The original, as it was stored.", False),
    ("/audio{path}?f=meta", "What is in it: codec, rate, channels, duration.", False),
    ("/audio{path}?f=mp3&br=128", "A job: ask again until its status is Succeeded, then follow its artifactUrl.", False),
    ("/audio{path}?f=mp3&br=128&a=/audio.mp3&wait=30", "The same MP3 itself. The first request waits until it is encoded.", True),
    ("/audio{path}?f=aac&ts=0.5&te=2&rp=2&a=/audio.aac&wait=30", "Cut from 0.5 to 2 seconds, played twice, as AAC.", True),
)

_JOB_STATES: Final = (
    ("Created, Pending", "The job waits for a worker. A variant's own URL shows both as Running."),
    ("Running", "It is being encoded; the Job API tells its progress in percent."),
    ("Succeeded", "summary.result.artifactUrl is where the file is, from now on and for everybody who asks for the same."),
    ("Failed", "error.code and error.message say why. The same input is not tried again for a short while."),
    ("Cancelling, Cancelled", "DELETE of the job's URL has ended it; nothing is kept and nothing is billed."),
)


def front_page(demo_path: str) -> web.Response:
    """What this is, and five URLs that answer at once. `demo_path`: an original of the default account, URL-encoded."""
    rows = "\n".join(_trial(f"/{DEFAULT_ACCOUNT}{form.format(path=demo_path)}", text, audible) for form, text, audible in _TRIALS)
    body = (
        "<h1>Soundpath</h1>\n<p>An audio CDN: the URL is the transformation. Put a file in, ask for it in any shape, hear it.</p>\n"
        f"<ol>\n{rows}\n</ol>\n<p><small>All parameters: README and docs/params.md. All endpoints: docs/api.md.</small></p>"
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


def _trial(url: str, text: str, audible: bool) -> str:
    shown = escape(url)
    # preload="none": looking at this page starts no run.
    player = f'<audio controls preload="none" src="{shown}"></audio>' if audible else ""
    return f'<li><a href="{shown}">{shown}</a><br><small>{escape(text)}</small>{player}</li>'


def page(title: str, body: str) -> web.Response:
    """A page of ours around a body that is HTML already."""
    headers = {"Content-Security-Policy": _CSP, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=_FRAME.substitute(title=escape(title), body=body), content_type="text/html", headers=headers)
