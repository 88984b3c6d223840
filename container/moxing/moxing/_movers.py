"""Who moves the bytes of files: the task's launcher, else the `ropeway` command, else this process.

The first two get paths and keys and move the bytes themselves; what they are told and tell is described in
src/storage/move-service.ts. Whatever they do is the same to the caller: every file is complete or not there.
"""
import http.client
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
from collections import namedtuple
from typing import Any, Callable, Dict, IO, Iterable, Iterator, List, Optional, Tuple

from . import _store, _store_write, file_io
from ._aside import folder_aside
from ._connection import UnixConnection
from ._errors import (MoxFileConnectionException, MoxFileNameDuplicateException, MoxFileRespException,
                      failure_of_mover)
from ._parallel import run_all
from ._transport import say, transport
from ._urls import Url, is_utf8

LAUNCHER_VARIABLE = 'ROPEWAY_LAUNCHER_SOCKET'
COMMAND_VARIABLE = 'MOX_ROPEWAY_COMMAND'
ROUTE = '/moves'
#: The launcher says something every few seconds.
SILENCE = 120.0
#: Nobody should have to wonder whether anything happens.
SAY_EVERY = 30.0
#: Up to this, asking somebody else takes longer than moving it.
FEW_FILES, FEW_BYTES = 4, 1 << 20
#: Below this, starting a command costs more than it gains.
COMMAND_FILES, COMMAND_BYTES = 200, 256 << 20
#: What the command says where it may be about how it asked: dialect, redirect, region, keys, certificate.
MISUNDERSTOOD = (200, 301, 307, 308, 400, 401, 403, 495)

#: One file: key of the object, local path, size, and for a download the ETag of the list.
Pair = namedtuple('Pair', 'key path size etag')


class _Unavailable(Exception):
    """This mover cannot be used here; another one has to move all files."""


def upload(bucket: str, pairs: List[Pair], workers: int) -> None:
    """Stores files as objects. Raises the first failure; what is complete by then stays."""
    _move('upload', bucket, pairs, workers, None)


def download(bucket: str, pairs: List[Pair], workers: int, folder: str) -> None:
    """Brings objects into files below `folder`, which is there; each is written aside and renamed when whole."""
    _move('download', bucket, pairs, workers, folder)


def _move(direction: str, bucket: str, pairs: List[Pair], workers: int, folder: Optional[str]) -> None:
    if not pairs:
        return
    ways = []  # type: List[Callable[[Dict[str, Any], List[Pair]], None]]
    small = len(pairs) <= FEW_FILES and sum(pair.size or 0 for pair in pairs) <= FEW_BYTES
    if not small and all(is_utf8(pair.path) for pair in pairs) and is_utf8(folder or ''):
        ways = [_through_launcher, _through_command]
    order = {'direction': direction, 'bucket': bucket, 'workers': workers, 'aside': None, 'mode': 0o666 & ~umask()}
    for way in ways + [_in_this_process]:
        try:
            if folder is None:
                return way(order, pairs)
            with folder_aside(folder) as aside:  # each way its own: the others remove it at their end
                return way(dict(order, aside=aside), pairs)
        except _Unavailable:
            pass


def _lines(order: Dict[str, Any], pairs: Iterable[Pair]) -> Iterator[bytes]:
    """The order and its files as lines of JSON, some thousand bytes at a time."""
    block = [json.dumps(order)]
    size = 0
    for pair in pairs:
        line = json.dumps(list(pair))
        block.append(line)
        size += len(line)
        if size > 1 << 16:
            yield ('\n'.join(block) + '\n').encode('ascii')
            block, size = [], 0
    if block:
        yield ('\n'.join(block) + '\n').encode('ascii')


def _follow(answers: Iterable[bytes], bucket: str) -> None:
    """Reads what a mover tells until it is done, and tells those who wait how far it is. Raises the failure it tells."""
    said = moved = time.monotonic()
    before = None  # type: Any
    for line in answers:
        if not line.endswith(b'\n'):
            break
        told = json.loads(line.decode('utf-8'))  # type: Dict[str, Any]
        if 'failed' in told:
            raise failure_of_mover(told['failed'])
        if told.get('done'):
            return
        now = time.monotonic()
        moved, before = (moved if told == before else now), told
        if now - said > SAY_EVERY and told.get('total_files') and os.environ.get('MOX_SILENT_MODE') != '1':
            said = now
            standing = ', nothing for %d s' % (now - moved) if now - moved > SAY_EVERY / 2 else ''
            say('moxing: obs://%s/: %d of %d files, %d of %d MB%s' % (
                bucket, told['files'], told['total_files'], told['bytes'] // 1000000, told['total_bytes'] // 1000000,
                standing))
    raise MoxFileConnectionException('obs://%s/: the process that moves the files ended before it was done' % bucket)


def _through_launcher(order: Dict[str, Any], pairs: List[Pair]) -> None:
    path = os.environ.get(LAUNCHER_VARIABLE)
    if not path or transport().target.socket is None:
        raise _Unavailable()
    connection = UnixConnection(path, SILENCE)
    try:
        try:
            connection.connect()
        except OSError:
            raise _Unavailable()
        try:
            connection.request('POST', ROUTE, body=_lines(order, pairs), encode_chunked=True,
                               headers={'Transfer-Encoding': 'chunked', 'Content-Type': 'application/x-ndjson'})
        except (BrokenPipeError, ConnectionResetError):
            pass  # the answer says why
        try:
            response = connection.getresponse()
            if response.status == 404:
                raise _Unavailable()  # an older launcher
            _follow(iter(response.readline, b''), order['bucket'])
        except (OSError, http.client.HTTPException) as error:
            if getattr(error, 'filename', None) is not None or isinstance(error, (MoxFileConnectionException, FileNotFoundError)):
                raise
            raise MoxFileConnectionException('obs://%s/: the launcher of this task went away: %s' % (
                order['bucket'], error)) from error
    finally:
        connection.close()


def _through_command(order: Dict[str, Any], pairs: List[Pair]) -> None:
    if len(pairs) < COMMAND_FILES and sum(pair.size or 0 for pair in pairs) < COMMAND_BYTES:
        raise _Unavailable()
    target = transport().target
    plain = target.socket is None and target.path_style and target.verify and not target.token and not target.proxy
    command = shutil.which(os.environ.get(COMMAND_VARIABLE, 'ropeway'))
    if not command or not plain or not target.ak:
        raise _Unavailable()
    try:
        _run_command(command, _command_environment(), order, pairs)
    except (MoxFileConnectionException, MoxFileRespException) as error:
        # It may trust others than we do, or take the store for another kind: our own words are those to hear then.
        if isinstance(error, MoxFileRespException) and error.resp.status not in MISUNDERSTOOD:
            raise
        raise _Unavailable() from error


def _command_environment() -> Dict[str, str]:
    """The store that is meant, in the words of the command. It has its own list of whom to trust, so it is told ours."""
    server = transport()
    target = server.target
    endpoint = '%s://%s%s%s' % (target.scheme, target.host, ':%d' % target.port if target.port else '', target.base)
    told = dict(os.environ, ROPEWAY_OBJECT_ENDPOINT=endpoint, ROPEWAY_ACCESS_KEY=target.ak, ROPEWAY_SECRET_KEY=target.sk,
                ROPEWAY_OBJECT_REGION=server.region, ROPEWAY_OBJECT_DIALECT='s3')
    trusted = target.ca or ssl.get_default_verify_paths().cafile
    if target.scheme == 'https' and trusted and os.path.isfile(trusted):
        told['ROPEWAY_OBJECT_CA'] = trusted
    return told


def _run_command(command: str, environment: Dict[str, str], order: Dict[str, Any], pairs: List[Pair]) -> None:
    # What it has to complain about is in its answers; its own words are for people who typed the command.
    process = subprocess.Popen([command, 'obs', 'move'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=environment)
    try:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None and stdout is not None
        if stdout.readline() != b'{"ready":1}\n':
            raise _Unavailable()  # a ropeway that does not know this, or none at all
        feeding = threading.Thread(target=_feed, args=(stdin, _lines(order, pairs)))
        feeding.daemon = True
        feeding.start()
        _follow(iter(stdout.readline, b''), order['bucket'])
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # the end of the process closed it first


def _feed(stdin: IO[bytes], lines: Iterable[bytes]) -> None:
    try:
        for block in lines:
            stdin.write(block)
        stdin.close()
    except (OSError, ValueError):
        pass  # its answer says why


def _in_this_process(order: Dict[str, Any], pairs: List[Pair]) -> None:
    bucket, aside = order['bucket'], order['aside']

    def parts(function: Callable[[Any], None], items: Iterable[Any]) -> None:
        run_all(function, items, file_io.part_workers())

    def up(numbered: Tuple[int, Pair]) -> None:
        pair = numbered[1]
        _store_write.put_file(Url('obs://', bucket, pair.key), pair.path, file_io.multipart_from(), parts)

    def down(numbered: Tuple[int, Pair]) -> None:
        number, pair = numbered
        path = os.path.join(aside, str(number))
        try:
            with open(path, 'w+b', 0) as sink:
                _store.download(Url('obs://', bucket, pair.key), sink)
        except OSError as error:
            if error.errno and error.filename is None:  # of a write, which does not know whose bytes it has
                raise OSError(error.errno, error.strerror, pair.path) from error
            raise
        land(path, pair.path, 'obs://%s/%s' % (bucket, pair.key))

    run_all(up if order['direction'] == 'upload' else down, enumerate(pairs), order['workers'])


def land(aside: str, path: str, source: str) -> None:
    """Gives a complete file its name."""
    try:
        os.replace(aside, path)
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise MoxFileNameDuplicateException('%s cannot be written for %s: %s' % (path, source, error.strerror))


def umask() -> int:
    """This process's umask, read without changing it where the system allows (other threads make files, too)."""
    try:
        with open('/proc/self/status') as status:
            return next(int(line.split()[1], 8) for line in status if line.startswith('Umask:'))
    except (OSError, StopIteration):
        return 0o022
