"""A ring all-reduce over TCP whose peers are the rows of the rank table, and nothing else.

A rank listens on its own server_id, port = base + physical device id (booked by one job only, so jobs never meet),
sends to the next rank and receives from the one before. A frame is a header (step, length) and packed float64.
"""
import array
import json
import operator
import select
import socket
import struct
import time

from rank_table import Failure

STEP_TIMEOUT = 300  # seconds a neighbour may be silent while training
HELLO_TIMEOUT = 5   # seconds whoever connects has for saying who it is
HEADER = struct.Struct('!II')  # step number, bytes that follow


def reason(error):
    return error.strerror or str(error) or type(error).__name__


class Ring(object):
    """Sums vectors over all ranks: each sends to the next rank and receives from the one before."""

    def __init__(self, peers, digest, rank, port_base, timeout):
        self.rank, self.size, self.step = rank, len(peers), 0
        self.own, self.digest, self.port_base = peers[rank], digest, port_base
        self.right_peer = peers[(rank + 1) % self.size]
        self.left_peer = peers[(rank - 1) % self.size]
        self.left = self.right = None
        self.deadline = time.monotonic() + timeout
        self.timeout = timeout
        listener = self.listen()
        try:
            self.right = self.connect()
            self.left = self.accept(listener)
            self.check(self.receive_hello(self.right, self.right_peer), self.right_peer)
        except BaseException:
            self.close()
            raise
        finally:
            listener.close()
        for link in (self.left, self.right):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.setblocking(False)

    def address(self, peer):
        return peer.server, self.port_base + peer.device

    def resolve(self, peer):
        server, port = self.address(peer)
        try:
            if port > 65535:
                raise ValueError('a port is at most 65535')
            return socket.getaddrinfo(server, port, type=socket.SOCK_STREAM)[0]
        except (OSError, ValueError) as error:
            raise Failure('address %s:%d of %s: %s' % (server, port, peer, error))

    def listen(self):
        family, _, _, _, address = self.resolve(self.own)
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(8)
            return listener
        except OSError as error:
            listener.close()
            raise Failure('cannot listen on %s:%d as %s: %s' % (self.address(self.own) + (self.own, reason(error))))

    def left_over(self):
        return max(0.01, self.deadline - time.monotonic())

    def connect(self):
        family, _, _, _, address = self.resolve(self.right_peer)
        while True:
            link = socket.socket(family, socket.SOCK_STREAM)
            link.settimeout(self.left_over())
            try:
                link.connect(address)
                self.send_hello(link, self.right_peer)
                return link
            except OSError as error:
                link.close()
                if time.monotonic() + 0.05 >= self.deadline:
                    raise Failure('cannot connect to %s at %s:%d within %g s: %s' % (
                        (self.right_peer,) + self.address(self.right_peer) + (self.timeout, reason(error))))
                time.sleep(0.05)

    def accept(self, listener):
        while True:
            listener.settimeout(self.left_over())
            try:
                link, _ = listener.accept()
            except OSError as error:
                raise Failure('%s did not connect within %g s: %s' % (self.left_peer, self.timeout, reason(error)))
            try:
                hello = self.receive_hello(link, self.left_peer, HELLO_TIMEOUT)
            except Failure:
                link.close()  # not one of us: a port scanner, a health check
                continue
            # Answer before judging, so that both sides of a disagreement can say what it is.
            try:
                self.send_hello(link, self.left_peer)
                self.check(hello, self.left_peer)
            except OSError as error:
                link.close()
                raise Failure('%s hung up while connecting: %s' % (self.left_peer, reason(error)))
            except Failure:
                link.close()
                raise
            return link

    def send_hello(self, link, to):
        text = json.dumps({'rank': self.rank, 'server_id': self.own.server, 'device_id': self.own.device,
                           'to': to.rank, 'size': self.size, 'table': self.digest}).encode()
        link.sendall(HEADER.pack(0, len(text)) + text)

    def receive_hello(self, link, peer, at_most=STEP_TIMEOUT):
        link.settimeout(min(at_most, self.left_over()))
        try:
            with link.makefile('rb') as stream:
                step, length = HEADER.unpack(stream.read(HEADER.size))
                hello = json.loads(stream.read(length if step == 0 and length < 4096 else 0).decode())
                return {key: hello[key] for key in ('rank', 'server_id', 'device_id', 'to', 'size', 'table')}
        except OSError as error:
            raise Failure('%s did not answer within %g s: %s' % (peer, self.timeout, reason(error)))
        except (struct.error, ValueError, KeyError, TypeError):
            raise Failure('%s ended before the ring was closed' % peer)

    def check(self, hello, peer):
        """Both ends of a link must agree on the table and on their own places in it."""
        if hello['table'] != self.digest:
            raise Failure('the rank table of rank %s differs from that of rank %d' % (hello['rank'], self.rank))
        if (hello['rank'], hello['server_id'], hello['device_id']) != (peer.rank, peer.server, peer.device) \
                or hello['to'] != self.rank or hello['size'] != self.size:
            raise Failure('expected %s, but met rank %s (server %s, device %s) looking for rank %s of %s' % (
                peer, hello['rank'], hello['server_id'], hello['device_id'], hello['to'], hello['size']))

    def exchange(self, outgoing, expected):
        """Sends a frame to the right while receiving one of `expected` bytes from the left."""
        self.step += 1
        unsent = memoryview(HEADER.pack(self.step, len(outgoing)) + outgoing)
        frame, total = bytearray(), HEADER.size + expected
        while unsent or len(frame) < total:
            readable, writable, _ = select.select([self.left] if len(frame) < total else [],
                                                  [self.right] if unsent else [], [], STEP_TIMEOUT)
            try:
                peer = self.right_peer
                if writable:
                    unsent = unsent[self.right.send(unsent):]
                peer = self.left_peer
                if readable:
                    piece = self.left.recv(total - len(frame))
                    if not piece:
                        raise Failure('%s closed the connection in step %d' % (peer, self.step))
                    frame += piece
            except BlockingIOError:
                continue
            except OSError as error:
                raise Failure('lost %s in step %d: %s' % (peer, self.step, reason(error)))
            if not readable and not writable:
                raise Failure('nothing from %s for %d s' % (self.left_peer, STEP_TIMEOUT))
        if HEADER.unpack_from(frame) != (self.step, expected):
            raise Failure('%s is in another step than %d' % (self.left_peer, self.step))
        return frame[HEADER.size:]

    def sum(self, vector):
        """Adds `vector` (floats, the same length on all ranks) over all ranks; every rank gets the same bits."""
        size, total = self.size, len(vector)
        bounds = [index * total // size for index in range(size + 1)]
        parts = [array.array('d', vector[bounds[i]:bounds[i + 1]]) for i in range(size)]
        for hop in range(2 * (size - 1)):
            give, take = (self.rank - hop) % size, (self.rank - hop - 1) % size
            arrived = array.array('d')
            arrived.frombytes(bytes(self.exchange(parts[give].tobytes(), 8 * len(parts[take]))))
            # First round: add up while going around. Second round: hand the finished parts on.
            parts[take] = array.array('d', map(operator.add, parts[take], arrived)) if hop < size - 1 else arrived
        return [value for part in parts for value in part]

    def close(self):
        for link in (self.left, self.right):
            if link is not None:
                link.close()


class Alone(object):
    """The ring of a single process."""
    rank, size = 0, 1

    def sum(self, vector):
        return vector

    def close(self):
        pass
