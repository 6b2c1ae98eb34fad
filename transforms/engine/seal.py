"""A child's own lock, turned once at its start and inherited by everything it starts: no sockets, no reach into neighbouring processes.
And what it starts does not outlive it.

It holds where user namespaces are switched off too (containers, Ubuntu since 23.10), so that "no network" never depends on
`unshare` alone. Linux on x86-64 and arm64; elsewhere `supported` says no.
"""

import ctypes
import platform
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# In front of a command (util-linux): it dies when the thread that started it does, which must therefore live as long as the program: the
# main thread.
DIE_WITH_PARENT: Final = ("setpriv", "--pdeathsig", "KILL", "--")

PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38
SECCOMP_MODE_FILTER: Final = 2

# Offsets in struct seccomp_data, and verdicts (linux/seccomp.h).
NUMBER_OFFSET: Final = 0
ARCHITECTURE_OFFSET: Final = 4
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM

# Classic BPF (linux/bpf_common.h): load a word, jump if equal, jump if greater or equal, return.
LOAD_WORD: Final = 0x20
JUMP_EQUAL: Final = 0x15
JUMP_GREATER_EQUAL: Final = 0x35
RETURN: Final = 0x06

# x86-64 accepts a second set of numbers from here on (x32), which would walk around the table.
X32_NUMBERS: Final = 0x40000000

# Audit architecture, then the numbers of socket, ptrace, process_vm_readv, process_vm_writev, io_uring_setup and pidfd_getfd:
# io_uring opens sockets without socket(); the others read memory and descriptors of any process of the same user.
REFUSED_CALLS: Final[Mapping[str, tuple[int, tuple[int, ...]]]] = MappingProxyType(
    {
        "x86_64": (0xC000003E, (41, 101, 310, 311, 425, 438)),
        "aarch64": (0xC00000B7, (198, 117, 270, 271, 425, 438)),
    }
)


class _Instruction(ctypes.Structure):
    """struct sock_filter."""

    _fields_ = (("code", ctypes.c_uint16), ("if_true", ctypes.c_uint8), ("if_false", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def supported() -> bool:
    """Whether this machine's system calls are in the table and its kernel filters them."""
    try:
        with open("/proc/sys/kernel/seccomp/actions_avail", encoding="ascii") as available:
            return platform.machine() in REFUSED_CALLS and "errno" in available.read().split()
    except OSError:
        return False


def seal() -> None:
    """Refuse the calls of the table, with EPERM, for this process and its descendants. Raises OSError when the kernel will not."""
    architecture, numbers = REFUSED_CALLS[platform.machine()]
    steps = _steps(architecture, numbers)
    program = _Program(len(steps), (_Instruction * len(steps))(*(_Instruction(*step) for step in steps)))
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _steps(architecture: int, numbers: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """The filter; jumps count the instructions they skip, the refusal is the last one."""
    tests = [(JUMP_GREATER_EQUAL, X32_NUMBERS), *((JUMP_EQUAL, number) for number in numbers)]
    jumps = [(code, len(tests) - place, 0, value) for place, (code, value) in enumerate(tests)]
    return [
        (LOAD_WORD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_EQUAL, 0, len(tests) + 2, architecture),
        (LOAD_WORD, 0, 0, NUMBER_OFFSET),
        *jumps,
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]


def _prctl(option: int, first: int, second: int = 0) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(first), ctypes.c_ulong(second), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}) was refused")
