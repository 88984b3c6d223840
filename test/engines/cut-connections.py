"""Cuts connections at a Unix socket from outside, as a broken network would, while the server itself lives on.

argv: pid of the server, path its socket was bound to, seconds to go on for. Prints how many connections were cut. Needs
root and Linux 5.6. Each descriptor is asked for its address: /proc/net/unix lists a connection with the client's network.
"""

import ctypes
import os
import socket
import sys
import time

PIDFD_OPEN, PIDFD_GETFD = 434, 438

pid, path, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)


def call(number, *args):
    result = libc.syscall(number, *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def cut(name):
    """1 when the descriptor was a connection at the path."""
    if not os.readlink("/proc/%d/fd/%s" % (pid, name)).startswith("socket:"):
        return 0
    with socket.socket(fileno=call(PIDFD_GETFD, pidfd, int(name), 0)) as found:
        if found.family != socket.AF_UNIX or found.getsockname() != path:
            return 0
        if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return 0
        found.shutdown(socket.SHUT_RDWR)
        return 1


pidfd = call(PIDFD_OPEN, pid, 0)
total, end = 0, time.monotonic() + seconds
while time.monotonic() < end:
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            total += cut(name)
        except OSError:
            # It ended by itself meanwhile.
            pass
print(total)
