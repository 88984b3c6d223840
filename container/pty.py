"""Runs a command on a terminal of its own: stdin and stdout are the terminal's other side, descriptor 3 brings sizes.

Arguments: columns, rows, command. A line "COLUMNS ROWS" on descriptor 3 changes the size. Ends as the command does.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

SIZES = 3


def resize(master, columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


def main():
    columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    pid, master = pty.fork()
    if pid == 0:
        os.close(SIZES)
        os.execv(command[0], command)
    resize(master, columns, rows)
    hang_up = lambda *_: os.kill(pid, signal.SIGHUP)
    signal.signal(signal.SIGTERM, hang_up)
    signal.signal(signal.SIGHUP, hang_up)
    sources, sizes = [0, SIZES, master], b''
    while master in sources:
        for source in select.select(sources, [], [])[0]:
            try:
                data = os.read(source, 65536)
            except OSError:
                data = b''
            if not data:
                sources.remove(source)
                if source == 0:
                    # Nobody types any more: as if the line was hung up.
                    hang_up()
            elif source == 0:
                while data:
                    data = data[os.write(master, data):]
            elif source == SIZES:
                *lines, sizes = (sizes + data).split(b'\n')
                for line in lines:
                    width, height = line.split()
                    resize(master, int(width), int(height))
            else:
                while data:
                    data = data[os.write(1, data):]
    status = os.waitpid(pid, 0)[1]
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
