"""Runs a command on a terminal of its own: stdin and stdout are the terminal's other side, descriptor 3 brings sizes.

Arguments: columns, rows, command. A line "COLUMNS ROWS" on descriptor 3 changes the size. Ends as the command does.
Nothing here waits for one side while another has something to say: a program that does not read must not keep its
output from flowing, nor the other way round.
"""
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

SIZES = 3
PIECE = 65536


def resize(master, columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


def read(fd):
    """What there is; b'' at the end, None when there is nothing now. A terminal nobody has ends with EIO."""
    try:
        return os.read(fd, PIECE)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno == errno.EIO:
            return b''
        raise


def write(fd, data):
    """What is left of data."""
    try:
        return data[os.write(fd, data):]
    except BlockingIOError:
        return data
    except OSError:
        # Nobody is there any more.
        return b''


def converse(master, hang_up):
    typed, printed, sizes = b'', b'', b''
    is_open = {0, SIZES, master}
    for fd in (0, 1, SIZES, master):
        os.set_blocking(fd, False)
    while master in is_open or printed:
        reading = is_open - ({0} if typed else set()) - ({master} if printed else set())
        writing = ({master} if typed and master in is_open else set()) | ({1} if printed else set())
        readable, writable, _ = select.select(reading, writing, [])
        if 1 in writable:
            printed = write(1, printed)
        if master in writable:
            typed = write(master, typed)
        for fd in readable:
            data = read(fd)
            if data is None:
                continue
            if not data:
                is_open.discard(fd)
                if fd == 0:
                    # Nobody types any more: as if the line was hung up.
                    hang_up()
            elif fd == 0:
                typed = data
            elif fd == master:
                printed = data
            else:
                *lines, sizes = (sizes + data).split(b'\n')
                for line in lines:
                    columns, rows = line.split()
                    resize(master, int(columns), int(rows))


def main():
    columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.close(SIZES)
            os.execv(command[0], command)
        except OSError as error:
            os.write(2, ('%s: %s\n' % (command[0], error.strerror)).encode())
            os._exit(127)
    resize(master, columns, rows)

    def hang_up(*_):
        try:
            os.kill(pid, signal.SIGHUP)
        except ProcessLookupError:
            pass

    signal.signal(signal.SIGTERM, hang_up)
    signal.signal(signal.SIGHUP, hang_up)
    converse(master, hang_up)
    status = os.waitpid(pid, 0)[1]
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
