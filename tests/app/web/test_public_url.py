"""The base of absolute links, and whom it believes."""

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from app.web.http.public_url import PublicUrl

LOCAL = (ip_network("127.0.0.0/8"),)


def base(public: PublicUrl, remote: str = "127.0.0.1", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return public.base(make_mocked_request("GET", "/", headers=named).clone(remote=remote))


def test_the_operators_word_counts_most() -> None:
    public = PublicUrl("https://cdn.example/sound/", LOCAL)
    assert base(public, Host="other", X_Forwarded_Host="evil") == "https://cdn.example/sound"
    assert public.path == "/sound"
    assert PublicUrl("https://cdn.example/").path == ""
    assert PublicUrl(None).path == ""


@pytest.mark.parametrize("host", ["localhost:8080", "a.example", "[::1]:8080", "10.0.0.1"])
def test_else_the_requests_host(host: str) -> None:
    assert base(PublicUrl(None), Host=host) == f"http://{host}"


@pytest.mark.parametrize("host", ["evil/x", "a b", "a@b", "", "x" * 300, "a:b", "-a", "a\\b", '"'])
def test_odd_hosts_are_not_repeated(host: str) -> None:
    assert base(PublicUrl(None), Host=host) == "http://127.0.0.1:80"  # where it came in


def test_strangers_are_not_believed() -> None:
    given = {"Host": "me.example", "X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil", "Forwarded": "host=evil;proto=https"}
    assert base(PublicUrl(None), **given) == "http://me.example"
    assert base(PublicUrl(None, LOCAL), remote="10.0.0.1", **given) == "http://me.example"
    assert base(PublicUrl(None, LOCAL), remote="", **given) == "http://me.example"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X_Forwarded_Proto": "https"}, "https://me.example"),
        ({"X_Forwarded_Host": "out.example"}, "http://out.example"),
        ({"X_Forwarded_Proto": "https", "X_Forwarded_Host": "out.example:444"}, "https://out.example:444"),
        ({"X_Forwarded_Host": "said-by-client.example, out.example"}, "http://out.example"),
        ({"X_Forwarded_Proto": "javascript"}, "http://me.example"),
        ({"Forwarded": 'for=1.2.3.4;host="out.example:8443";proto=https'}, "https://out.example:8443"),
        ({"Forwarded": "host=client.example, host=out.example;proto=https"}, "https://out.example"),
        ({"Forwarded": "proto=https", "X_Forwarded_Host": "out.example"}, "https://out.example"),
    ],
)
def test_a_trusted_proxy_is_believed(headers: dict[str, str], expected: str) -> None:
    for remote in ("127.0.0.1", "::ffff:127.0.0.1"):
        assert base(PublicUrl(None, LOCAL), remote=remote, Host="me.example", **headers) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("X-Forwarded-Host", "said-by-client.example"), ("X-Forwarded-Host", "out.example")], "http://out.example"),
        ([("Forwarded", "host=client.example"), ("Forwarded", "host=out.example;proto=https")], "https://out.example"),
    ],
)
def test_a_proxy_that_adds_a_line_is_believed_and_the_clients_line_is_not(lines: list[tuple[str, str]], expected: str) -> None:
    request = make_mocked_request("GET", "/", headers=CIMultiDict([("Host", "me.example"), *lines])).clone(remote="127.0.0.1")
    assert PublicUrl(None, LOCAL).base(request) == expected


def test_the_clients_address_is_the_last_that_is_no_proxy_of_ours() -> None:
    public = PublicUrl(None, LOCAL)
    lines = [("X-Forwarded-For", "192.0.2.1, 192.0.2.2"), ("X-Forwarded-For", "198.51.100.7")]
    for remote, shown, expected in (
        ("127.0.0.1", lines, "198.51.100.7"),  # the first line is what the client made up
        ("127.0.0.1", [*lines, ("X-Forwarded-For", "127.0.0.9")], "198.51.100.7"),
        ("127.0.0.1", lines[:1], "192.0.2.2"),
        ("127.0.0.1", [("X-Forwarded-For", "no address")], "127.0.0.1"),
        ("203.0.113.5", lines, "203.0.113.5"),
    ):
        assert public.client(make_mocked_request("GET", "/", headers=CIMultiDict(shown)).clone(remote=remote)) == expected
