"""How a variant is embedded elsewhere: its playlist, its MP3, and the lines of HTML to paste."""

from dataclasses import dataclass
from html import escape
from typing import Final

from app.jobs.stream import PlaylistForm
from app.web.address import encode_path, transformation_query
from app.web.asked import Asked
from app.web.delivery import MAX_WAIT_SECONDS
from transforms.limits import adjust_sample_rate, bitrates_kbps, sample_rates_hz
from transforms.params import Params, format_kilohertz
from transforms.spec import ARTIFACT_NAMES, Format

_NOT_OF_MP3: Final = frozenset({"f", "br", "sr", "rt", "next"})


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to embed: `key` is a word for ids, `name` what its tab says."""

    key: str
    name: str
    code: str


def path_of(asked: Asked, query: str, *more: str) -> str:
    """An address of the same file, from the root, with what its origin is asked with; `query` and `more` are encoded."""
    pairs = "&".join(part for part in (query, asked.forwarded, *more) if part)
    return f"/{asked.address.account}/audio{encode_path(asked.address.path)}!{pairs}"


def playlist_path(asked: Asked) -> str:
    """The same variant as f=hls-aac-rt, from the root: what every player gets."""
    query = transformation_query([("f", Format.HLS_AAC_RT.value), *_without(asked.address.params, frozenset({"f"}))])
    return path_of(asked, query, "playlist=event" if asked.delivery.playlist is PlaylistForm.EVENT else "")


def mp3_path(asked: Asked) -> str:
    """The same sound as one MP3 at about the best of its bit rates; asked cold, the answer waits for the encode."""
    best = max(asked.spec.variants, key=lambda variant: variant.bitrate_kbps or 0)
    bitrate_kbps = min(bitrates_kbps(Format.MP3), key=lambda kbps: abs(kbps - (best.bitrate_kbps or 0)))
    near_hz = min(sample_rates_hz(Format.MP3), key=lambda rate_hz: abs(rate_hz - best.sample_rate_hz))
    rate_hz = adjust_sample_rate(Format.MP3, bitrate_kbps, near_hz)
    rates = [("f", Format.MP3.value), ("br", str(bitrate_kbps)), ("sr", format_kilohertz(rate_hz))]
    query = transformation_query([*rates, *_without(asked.address.params, _NOT_OF_MP3)])
    return path_of(asked, query, f"wait={MAX_WAIT_SECONDS}", f"a={ARTIFACT_NAMES[Format.MP3]}")


def snippets(page: str, playlist: str, mp3: str, script: str) -> tuple[Snippet, ...]:
    """What the tabs show; all arguments are absolute URLs."""
    shown, source, file = escape(page), escape(playlist), escape(mp3)
    return (
        Snippet("tag", "Script tag", f'<script src="{escape(script)}" defer></script>\n\n<audio data-soundpath="{shown}"></audio>'),
        Snippet("frame", "Frame", f'<iframe src="{shown}" width="640" height="190" allow="autoplay" style="border:0"></iframe>'),
        Snippet("videojs", "Video.js", _VIDEO_JS.format(source=source)),
        Snippet("hlsjs", "hls.js", _HLS_JS.format(source=source)),
        Snippet("audio", "<audio>", f'<audio controls preload="none"\n       src="{file}"></audio>'),
    )


_VIDEO_JS: Final = """\
<link rel="stylesheet" href="video-js.min.css">
<script src="video.min.js"></script>

<audio id="player" class="video-js" controls
       data-setup='{{"audioOnlyMode": true, "html5": {{"vhs": {{"overrideNative": true}}}}}}'>
  <source src="{source}"
          type="application/x-mpegURL">
</audio>"""

_HLS_JS: Final = """\
<script src="hls.min.js"></script>

<audio id="player" controls
       data-src="{source}"></audio>
<script>
  const audio = document.getElementById("player");
  if (Hls.isSupported()) {{
    const hls = new Hls();
    hls.loadSource(audio.dataset.src);
    hls.attachMedia(audio);
  }} else {{
    audio.src = audio.dataset.src;
  }}
</script>"""


def _without(params: Params, names: frozenset[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in params if name not in names]
