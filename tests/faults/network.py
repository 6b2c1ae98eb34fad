"""Two networks and a router between them that can stop forwarding: nobody is told, packets just do not arrive any more."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.leftovers import LINK, NAMESPACE, own


@dataclass(frozen=True, slots=True)
class Network:
    """`near` is an address of this machine, `far` one behind the router, where programs live that `launcher` starts."""

    near: str
    far: str
    router: str
    behind: str

    @property
    def launcher(self) -> tuple[str, ...]:
        return ("nsenter", f"--net=/run/netns/{self.behind}", "--")

    def cut(self) -> None:
        self._forward("0")

    def mend(self) -> None:
        self._forward("1")

    def _forward(self, value: str) -> None:
        _run("nsenter", f"--net=/run/netns/{self.router}", "--", "sysctl", "-qw", f"net.ipv4.ip_forward={value}")


@contextmanager
def two_networks() -> Iterator[Network]:
    """This machine's network and one behind a router; needs root, and raises OSError or CalledProcessError where that is not enough."""
    link, inner = own(LINK), own(NAMESPACE)
    net = f"10.{200 + os.getpid() // 256 % 50}.{os.getpid() % 256}"
    network = Network(f"{net}.1", f"{net}.6", f"{inner}router", f"{inner}far")
    inside, outside = ("ip", "-n", network.router), ("ip", "-n", network.behind)
    try:
        for namespace in (network.router, network.behind):
            _run("ip", "netns", "add", namespace)
        _run("ip", "link", "add", link, "type", "veth", "peer", "name", "near", "netns", network.router)
        _run(*inside, "link", "add", "far", "type", "veth", "peer", "name", "way", "netns", network.behind)
        for command, device, address in ((("ip",), link, 1), (inside, "near", 2), (inside, "far", 5), (outside, "way", 6)):
            _run(*command, "address", "add", f"{net}.{address}/30", "dev", device)
            _run(*command, "link", "set", device, "up")
        _run(*outside, "link", "set", "lo", "up")
        _run(*outside, "route", "add", "default", "via", f"{net}.5")
        _run("ip", "route", "add", f"{net}.4/30", "via", f"{net}.2")
        network.mend()
        yield network
    finally:
        for namespace in (network.router, network.behind):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True)
        subprocess.run(["ip", "link", "delete", link], capture_output=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
