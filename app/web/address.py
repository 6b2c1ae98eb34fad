"""Addresses: the raw request target becomes an Address, and an output file's address is written (CONTRACT 1).

Reads the raw, undecoded target, because only there are `!` and `%21`, `/` and `%2F` different. In values `+` is a space, as in
any HTML form, in both the `?` and the `!` form (the npm client never writes one: its spaces are `%20`, its plus signs `%2B`);
in paths `+` is itself. Whatever is written here reads back to the same values.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, unquote_to_bytes

from app.accounts.accounts import ACCOUNT_PATTERN
from app.errors import InvalidUrl, RouteNotFound, UrlTooLong
from storage.errors import InvalidKey
from storage.paths import check_path
from transforms.errors import InvalidParameter
from transforms.params import PARAMETERS, Params

MAX_TARGET_BYTES = 1000
MAX_OUTPUT_TARGET_BYTES = 4 * MAX_TARGET_BYTES  # `a` and stricter escapes make what we link to longer than what was asked
ARTIFACT_PARAMETERS: Final = ("a", "artifact")
VERSION_PARAMETERS: Final = ("version", "v")

_ROUTE = re.compile(r"/([^/]*)/([^/]*)(/.*)", re.DOTALL)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Address:
    """What a URL names: `path` is decoded and begins with '/', `params` are decoded, in order.

    `artifact` is the wanted output file, such as '/audio.mp3'; with both of its names or several of one, the last counts.
    """

    account: str
    api: Literal["raw", "audio"]
    path: str
    params: tuple[tuple[str, str], ...] = ()
    artifact: str | None = None


def parse_target(raw_target: str) -> Address:
    """Read a request target such as '/W142hJk/audio/talk.wav!f=mp3&a=/audio.mp3'.

    Raises UrlTooLong, InvalidUrl (account, escapes, path), RouteNotFound (not raw or audio) and InvalidParameter (a path in a value).
    """
    size_bytes = len(raw_target.encode("utf-8", "surrogateescape"))
    _check_size(size_bytes, MAX_OUTPUT_TARGET_BYTES)
    raw_path, raw_params = _split(raw_target)
    route = _ROUTE.fullmatch(raw_path)
    if route is None or route[2] not in ("raw", "audio"):
        raise RouteNotFound
    account = check_account(route[1])
    params = tuple(_decode_params(raw_params))
    artifact = _checked_params(params)
    if artifact is None:
        _check_size(size_bytes, MAX_TARGET_BYTES)
    return Address(
        account=account,
        api="raw" if route[2] == "raw" else "audio",
        path=_checked_path(_decode(route[3])),
        params=params,
        artifact=artifact,
    )


def check_account(text: str) -> str:
    """The account that a URL names; raises InvalidUrl."""
    if not ACCOUNT_PATTERN.fullmatch(text):
        raise InvalidUrl("The account in the URL must be 7 characters of base58, such as W142hJk.")
    return text


def transformation_query(params: Params) -> str:
    """The transformation parameters, `version` and `cache=false` in request order, encoded: what an artifact's URL keeps (CONTRACT 4).

    '/' is encoded in all values, so that the last one of the whole URL stands in `a` and relative links resolve.
    """
    uncached = [value for name, value in params if name == "cache"][-1:] == ["false"]
    kept = (pair for pair in params if _is_kept(*pair) and (uncached or pair[0] != "cache"))
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in kept)


def artifact_url_query(params: Params, artifact: str) -> str:
    """The end of an artifact's URL in `!` form: '!f=mp3&a=/audio.mp3', with `a` last and readable."""
    return with_artifact(transformation_query(params), artifact)


def with_artifact(query: str, artifact: str) -> str:
    """The same for a query that `transformation_query` has written before."""
    wanted = f"a={quote(artifact, safe='/')}"
    return f"!{query}&{wanted}" if query else f"!{wanted}"


def encode_path(path: str) -> str:
    """A decoded path as URLs write it: everything but unreserved characters and '/' is escaped, a literal '!' too."""
    return quote(path, safe="/")


def _check_size(size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise UrlTooLong(f"The URL is longer than {limit_bytes} bytes.")


def _split(raw_target: str) -> tuple[str, str]:
    """Path and parameters: the first `!` or `?` ends the path. After a `!`, the first `?` is one more separator."""
    at = re.search("[!?]", raw_target)
    if at is None:
        return raw_target, ""
    path, params = raw_target[: at.start()], raw_target[at.end() :]
    return path, params.replace("?", "&", 1) if at[0] == "!" else params


def _decode_params(raw: str) -> Iterable[tuple[str, str]]:
    for pair in raw.split("&"):
        if pair:
            name, _, value = pair.replace("+", " ").partition("=")
            yield _decode(name), _decode(value)


def _decode(raw: str) -> str:
    """Percent-decoding that never guesses: broken escapes and bytes that are not UTF-8 are refused."""
    if _BROKEN_ESCAPE.search(raw):
        raise InvalidUrl("The URL has a '%' that two hexadecimal digits do not follow; a literal '%' is written '%25'.")
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeError:
        raise InvalidUrl("The URL is not valid UTF-8.") from None


def _checked_path(path: str) -> str:
    try:
        return check_path(path)
    except InvalidKey as error:
        raise InvalidUrl(str(error)) from error


def _checked_params(params: Params) -> str | None:
    """Refuse values that are paths and not safe ones; returns the wanted artifact."""
    artifact = None
    for name, value in params:
        if name in ARTIFACT_PARAMETERS:
            artifact = _checked_value(name, value, "it must be the path of an output file, such as /audio.mp3")
        elif name == "append":
            _checked_value(name, value, "it must be the full path of a file of the account, such as /folder/file.mp3")
    return artifact


def _checked_value(name: str, value: str, allowed: str) -> str:
    try:
        return check_path(value)
    except InvalidKey as error:
        raise InvalidParameter(name, value, allowed) from error


def _is_kept(name: str, value: str) -> bool:
    return name in PARAMETERS or name in VERSION_PARAMETERS or (name, value) == ("cache", "false")
