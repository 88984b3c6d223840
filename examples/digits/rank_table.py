"""Reads the converted rank table (version 1.0) and compares it with what this process knows of itself.

Stricter than HCCL where a mistake would only show later: every refusal names the rank at fault.
"""
import hashlib
import json


class Failure(Exception):
    """What a person has to know about why this rank cannot go on."""


class Peer(object):
    """One row of the table: where a rank lives."""

    def __init__(self, rank, server, device):
        self.rank, self.server, self.device = rank, server, device

    def __str__(self):
        return 'rank %d (server %s, device %d)' % (self.rank, self.server, self.device)


def number(value, what):
    """A table's number: a canonical decimal in a string."""
    if not isinstance(value, str) or not value.isdigit() or str(int(value)) != value:
        raise Failure('rank table: %s is %r, expected a decimal number in a string' % (what, value))
    return int(value)


def read_table(path):
    """Returns (peers ordered by rank, digest). Refuses gaps, duplicates and rows out of order, naming the rank."""
    try:
        with open(path) as file:
            table = json.load(file)
        if table['status'] != 'completed' or table['version'] != '1.0':
            raise Failure('rank table %s: status %r, version %r; expected "completed" and "1.0"'
                          % (path, table['status'], table['version']))
        servers = [(row['server_id'], [(d['device_id'], d['rank_id']) for d in row['device']])
                   for row in table['server_list']]
        declared = number(table['server_count'], 'server_count')
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure('rank table %s cannot be used: %s: %s' % (path, type(error).__name__, error))
    if declared != len(servers):
        raise Failure('rank table: server_count is %d, but server_list holds %d' % (declared, len(servers)))
    peers, names = {}, set()
    for server, devices in servers:
        if server in names:
            raise Failure('rank table: server %s of rank %s stands there twice'
                          % (server, devices[0][1] if devices else '?'))
        names.add(server)
        last, seen = -1, {}
        for device_id, rank_id in devices:
            rank = number(rank_id, 'rank_id')
            device = number(device_id, 'device_id of rank %d' % rank)
            if rank in peers:
                raise Failure('rank table: rank %d stands there twice' % rank)
            if rank < last:
                raise Failure('rank table: rank %d comes after rank %d on server %s' % (rank, last, server))
            if device in seen:
                raise Failure('rank table: ranks %d and %d both have device %d of server %s'
                              % (seen[device], rank, device, server))
            peers[rank], seen[device], last = Peer(rank, server, device), rank, rank
    digest = hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()
    return peers, digest


def check_own_place(peers, rank, env):
    """Compares the table with what this process knows of itself without the table."""
    size = int(env['RANK_SIZE']) if env.get('RANK_SIZE', '').isdigit() else len(peers)
    for expected in range(max(size, len(peers))):
        if expected not in peers:
            raise Failure('rank table: rank %d is missing, it holds %d of %d ranks' % (expected, len(peers), size))
    if size != len(peers):
        raise Failure('rank table: rank %d is one too many, RANK_SIZE is %d' % (size, size))
    if rank not in peers:
        raise Failure('rank table: own rank %d is missing, it holds ranks 0 to %d' % (rank, len(peers) - 1))
    own = peers[rank]
    for name in ('ROPEWAY_SERVER_ID', 'MA_CURRENT_HOST_IP', 'BATCH_TASK_CURRENT_HOST_IP'):
        if env.get(name):
            if env[name] != own.server:
                raise Failure('rank table: %s, but this host is %s (%s)' % (own, env[name], name))
            break
    physical = env.get('ROPEWAY_PHYSICAL_DEVICE_ID')
    if physical and physical != str(own.device):
        raise Failure('rank table: %s, but this process was given device %s' % (own, physical))
    # Logical devices count the container's devices upwards, and so do the ranks of one container.
    logical = env.get('ASCEND_DEVICE_ID', '')
    if not logical.isdigit():
        return
    first = rank - int(logical)
    if first < 0:
        raise Failure('rank table: %s cannot be logical device %s of its container' % (own, logical))
    for before in range(first, rank):
        other = peers[before]
        if other.server != own.server or other.device >= peers[before + 1].device:
            raise Failure('rank table: %s and %s cannot be logical devices %d and %s of one container'
                          % (other, own, before - first, logical))
