"""Every range that is not the public internet, at its edges, and notations that hide an address."""

from ipaddress import ip_address

import pytest

from storage.fetch.addresses import is_public
from storage.fetch.errors import UrlRefused
from storage.fetch.urls import AllowedHost, Rules, parse_allowed

NOT_PUBLIC = (
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
    "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.1",
    "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1",
    "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00::1",
    "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "fe80::1%eth0", "2606:4700::1%eth0",
    "2606:4700::5efe:127.0.0.1", "2606:4700::200:5efe:10.0.0.1", "2620:4f:8000::1",
)  # fmt: skip

PUBLIC = (
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
    "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::200e", "2400:cb00::1", "2001:200::1", "2003::1", "3ffe::1",
)  # fmt: skip


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public(text: str) -> None:
    assert is_public(ip_address(text))


REFUSED_URLS = (
    "ftp://example.com/x", "file:///etc/passwd", "gopher://example.com/", "data:text/plain,x", "//example.com/x", "/x", "example.com", "",
    "http://", "http:///x", "https://:80/", "http://user@example.com/", "http://user:word@example.com/", "http://:word@example.com/",
    "http://example.com:22/", "http://example.com:6379/", "http://example.com:0/", "http://example.com:99999/", "http://example.com:81/",
    "http://127.0.0.1/", "http://127.0.0.1:8080/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://0177.0.0.1/", "http://017700000001/", "http://0/", "http://127.0.0.1./", "http://1.2.3/", "http://1.2.3.4.5/", "http://256.1.1.1/",
    "http://09.1.1.1/", "http://example.0x/", "http://example.1/", "http://１２７.0.0.1/", "http://①②⑦.0.0.1/", "http://127。0。0。1/",
    "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/", "http://[fe80::1%25eth0]/", "http://[::127.0.0.1]/", "http://[2606:4700::5efe:7f00:1]/",
    "http://169.254.169.254/latest/meta-data/", "http://exam ple.com/", "http://example.com/\nx", "http://example.com\\@127.0.0.1/",
    "http://example.com/\x00", "http://" + "a" * 2100 + ".com/",
)  # fmt: skip


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_urls_that_are_never_opened(url: str) -> None:
    with pytest.raises(UrlRefused) as refusal:
        Rules().check(url)
    assert len(str(refusal.value)) < 3000


@pytest.mark.parametrize(
    "url",
    ["http://example.com", "https://example.com/a%20b?x=1#y", "http://example.com:8080/", "https://example.com:8443/", "http://8.8.8.8/x",
     "http://[2606:4700:4700::1111]:443/", "https://münchen.example/", "http://0x7f.example/", "http://1.example/"],
)  # fmt: skip
def test_urls_that_may_be_opened(url: str) -> None:
    assert Rules().check(url).fragment == ""


def test_an_operator_allows_hosts_by_name_and_port() -> None:
    rules = Rules([parse_allowed("Files.example:9000"), parse_allowed("10.1.2.3")])
    for url in ("http://files.example:9000/", "http://FILES.example./", "https://files.example/", "http://10.1.2.3/"):
        rules.check(url)
    for url in ("http://files.example:9001/", "http://10.1.2.3:9000/", "http://10.1.2.4/", "http://other.example:9000/"):
        with pytest.raises(UrlRefused):
            rules.check(url)
    assert parse_allowed("[fd00::1]:80") == AllowedHost("fd00::1", 80)
    for bad in ("", "http://x", "a/b", "u@h", "h:x", "h?x=1"):
        with pytest.raises(ValueError, match=r"no host|[Pp]ort|netloc"):
            parse_allowed(bad)
