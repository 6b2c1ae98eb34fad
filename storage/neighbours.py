"""Words between the programs of one machine, over Unix datagrams: each program has an ear, a socket in a folder that all of them share.

A word is a hint to look at the database, no more. One that is lost (an ear is full, or its program is just starting) is made up for by the
looks that everybody takes from time to time.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ulid import ULID

LONGEST_WORD_BYTES: Final = 4096
WORDS_AT_ONCE: Final = 100  # then the event loop has a turn


class Neighbours:
    """One program's ear and voice. `heard` is called with each word of another program, on the event loop."""

    def __init__(self, folder: Path, heard: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._heard = heard
        self._name = str(ULID())
        # Names of sockets have 108 bytes at most, whatever the folder is called: they go through its descriptor.
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(self._address(self._name))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear while the context lasts; its end closes the ear."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._receive)
        try:
            yield
        finally:
            loop.remove_reader(self._socket)
            self._socket.close()
            self._forget(self._name)
            os.close(self._folder)

    def tell(self, word: str) -> None:
        """Send a word to every other program; returns at once."""
        spoken = word.encode()
        assert len(spoken) <= LONGEST_WORD_BYTES
        for name in os.listdir(self._folder):
            if name != self._name:
                self._send(name, spoken)

    def _send(self, name: str, spoken: bytes) -> None:
        try:
            self._socket.sendto(spoken, self._address(name))
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:  # its program died without taking the ear along
                self._forget(name)

    def _receive(self) -> None:
        for _ in range(WORDS_AT_ONCE):
            try:
                spoken = self._socket.recv(LONGEST_WORD_BYTES)
            except OSError:
                return  # no more for now
            self._heard(spoken.decode(errors="replace"))

    def _address(self, name: str) -> str:
        return f"/proc/self/fd/{self._folder}/{name}"

    def _forget(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)
