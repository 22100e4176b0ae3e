"""The filter of system calls: refuses what no job needs, so that a fault of the kernel there can't be reached.

It is a program for the kernel's packet filter (seccomp(2), "Filtering"). What isn't listed is allowed.
"""

import errno
import os
import platform
import struct
from typing import Final, NamedTuple

_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_AT_LEAST: Final = 0x35
_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06

_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_FIRST_ARGUMENT: Final = 16
"""Offsets in the kernel's `seccomp_data`; arguments are of 64 bits, with the low ones first."""

_ALLOW: Final = 0x7FFF0000
_ERROR: Final = 0x00050000
_X32_FIRST: Final = 0x40000000

_NEW_NAMESPACES: Final = 0x7E020080
"""The flags of clone(2) for namespaces, all but that of time, which it doesn't take."""

_FAMILIES: Final = (1, 2, 10, 16)
"""Sockets of these families can be made: Unix, IPv4, IPv6, netlink. Virtual machines' sockets, which lead to the host
of this machine whatever the network namespace is, aren't among them.
"""


class _Calls(NamedTuple):
    architecture: int
    clone: int
    socket: int
    refused: tuple[int, ...]


_COMMON: Final = (*range(425, 434), 442)
"""io_uring_*, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick; mount_setattr."""

_CLONE3: Final = 435

_CALLS: Final = {
    "x86_64": _Calls(
        0xC000003E,
        56,
        41,
        # pivot_root, chroot, acct, settimeofday, mount, umount2, swapon, swapoff, reboot, iopl, ioperm, init_module,
        # delete_module, quotactl, kexec_load, add_key, request_key, keyctl, unshare, perf_event_open,
        # open_by_handle_at, setns, finit_module, kexec_file_load, bpf, userfaultfd
        (
            155,
            161,
            *range(163, 170),
            172,
            173,
            175,
            176,
            179,
            246,
            248,
            249,
            250,
            272,
            298,
            304,
            308,
            313,
            320,
            321,
            323,
        ),
    ),
    "aarch64": _Calls(
        0xC00000B7,
        220,
        198,
        # The same, without iopl and ioperm.
        (
            39,
            40,
            41,
            51,
            60,
            89,
            97,
            104,
            105,
            106,
            142,
            170,
            217,
            218,
            219,
            224,
            225,
            241,
            265,
            268,
            273,
            280,
            282,
            294,
        ),
    ),
}


def open_filter() -> int | None:
    """Return a file with the filter for this machine, which the caller closes; None if its processor isn't known."""
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return None
    number = os.memfd_create("system-calls", 0)
    os.write(number, _program(calls))
    os.lseek(number, 0, os.SEEK_SET)
    return number


def _program(calls: _Calls) -> bytes:
    refuse, absent, no_family = (_ERROR | number for number in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT))
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        *_return_unless(_EQUAL, calls.architecture, absent),
        (_LOAD, 0, 0, _NUMBER),
        *_return_if(_AT_LEAST, _X32_FIRST, absent),
        # Its flags are in memory, which a filter can't read. Libraries then use clone.
        *_return_if(_EQUAL, _CLONE3, absent),
    ]
    for number in (*calls.refused, *_COMMON):
        program += _return_if(_EQUAL, number, refuse)
    program += [
        (_EQUAL, 0, 4, calls.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *_return_if(_ANY_BIT, _NEW_NAMESPACES, refuse),
        (_RETURN, 0, 0, _ALLOW),
        (_EQUAL, 0, len(_FAMILIES) * 2 + 2, calls.socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
    ]
    for family in _FAMILIES:
        program += _return_if(_EQUAL, family, _ALLOW)
    program += [(_RETURN, 0, 0, no_family), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _return_if(test: int, value: int, result: int) -> list[tuple[int, int, int, int]]:
    return [(test, 0, 1, value), (_RETURN, 0, 0, result)]


def _return_unless(test: int, value: int, result: int) -> list[tuple[int, int, int, int]]:
    return [(test, 1, 0, value), (_RETURN, 0, 0, result)]
