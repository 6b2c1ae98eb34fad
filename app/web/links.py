"""How playlists name the other files of their variant, so that every player resolves the same address (CONTRACT 1).

Three forms, by how the list itself was asked:

- asked with `!` and with its own name last, the URL's last '/' stands in that name: 'seg7.aac', '0f/manifest.m3u8'.
- asked without any '/' behind the file's name: 'song.mp3!f=hls-aac-rt&a=/0f/manifest.m3u8'.
- anything else: the same from the root, '/W142hJk/audio/song.mp3!f=hls-aac-rt&a=/0f/manifest.m3u8', behind the public base path.

A relative link carries on everything the list was asked with, so it is used only where nothing of that has to be left out.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from app.jobs.stream import PlaylistForm
from app.web.address import ARTIFACT_PARAMETERS, Address, encode_path, parse_target, transformation_query
from app.web.delivery import PARAMETERS, parse_delivery
from transforms.params import Params

# What a file of a variant is asked with besides the transformation itself. The other delivery parameters belong to one request alone.
_CARRIED: Final = frozenset({"version", "cache", "playlist", "artifact"})
_LEFT_OUT: Final = frozenset(PARAMETERS) - _CARRIED

# Path segments that some clients resolve or collapse on the way.
_UNSTABLE_SEGMENTS: Final = frozenset({"", ".", ".."})

_SEPARATOR: Final = re.compile("([!?])")


@dataclass(frozen=True, slots=True)
class Links:
    """Links of one list. `folder` is the part of output names that relative links leave out, None where they would not resolve."""

    folder: str | None
    prefix: str

    def to(self, artifact: str) -> str:
        """The link to an output file such as '/0f/seg7.aac'."""
        if self.folder is not None and artifact.startswith(self.folder):
            return artifact[len(self.folder) :]
        return self.prefix + encode_path(artifact)


def links(raw_target: str, public_path: str = "", carried: str = "") -> Links:
    """Links for the list that `raw_target`, undecoded, asks for. `public_path` is the path of SOUNDPATH_PUBLIC_URL, no slash at its end.

    `carried`: what else every file of the variant is asked with, encoded: what its origin must be told, and what has opened a private one.

    Raises what `parse_target` and `parse_delivery` raise.
    """
    address = parse_target(raw_target)
    raw_path, separator, raw_params = (*_SEPARATOR.split(raw_target, maxsplit=1), "", "")[:3]
    if "/" in raw_params:
        start = f"{public_path}/{address.account}/{address.api}{encode_path(address.path)}"
    else:
        # Up to the last '/' as written: a '%2F' before the name is part of what the link repeats.
        start = encode_path(unquote(raw_path.rpartition("/")[2]))
    folder = _folder(raw_params, address) if separator == "!" else None
    return Links(folder, f"{start}!{_query(address.params)}{carried and carried + '&'}a=")


def variant_address(address: Address, forwarded: str) -> str:
    """What all files of a variant have in common, as their links write it from the root. `forwarded`: what its origin is asked with."""
    return f"/{address.account}/{address.api}{encode_path(address.path)}!{_query(address.params)}{forwarded}"


def _query(params: Params) -> str:
    """What every file of the variant is asked with, ready for `a=` to follow."""
    pairs = [transformation_query(params)]
    if parse_delivery(params).playlist is PlaylistForm.EVENT:
        pairs.append("playlist=event")
    return "".join(f"{pair}&" for pair in pairs if pair)


def _folder(raw_params: str, address: Address) -> str | None:
    """The folder of the list's own name, if the URL ends with that name as it is and relative links may carry on the rest."""
    before, _, last = raw_params.rpartition("&")
    if address.artifact is None or "?" in raw_params or last not in {f"{name}={address.artifact}" for name in ARTIFACT_PARAMETERS}:
        return None
    if any(name.replace("-", "_") in _LEFT_OUT for name, _ in address.params):
        return None
    if any(unquote(segment) in _UNSTABLE_SEGMENTS for segment in before.split("/")[1:]):
        return None
    return address.artifact[: address.artifact.rindex("/") + 1]
