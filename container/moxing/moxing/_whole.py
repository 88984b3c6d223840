"""Reading, writing and appending whole files."""
import os
import tempfile
from typing import Any, Union

from . import _store, _store_write
from ._copy import copy, fetch
from ._spool import spool_folder
from ._urls import Name, as_text, file_url, is_remote, parse

Data = Union[str, bytes, bytearray, memoryview]


def read(url: Name, client_id: Any = None, binary: bool = False) -> Any:
    """The whole file: str (UTF-8), or bytes with `binary`."""
    if is_remote(url):
        data = _store.read_whole(parse(url))
    else:
        with open(as_text(url), 'rb') as file:
            data = file.read()
    return data if binary else data.decode('utf-8')


def write(url: Name, data: Data, binary: bool = False) -> None:
    """Replaces the content by `data`: str (stored as UTF-8), or bytes."""
    content = _bytes(data)
    if is_remote(url):
        _store_write.put_bytes(file_url(url), content)
    else:
        with open(as_text(url), 'wb') as file:
            file.write(content)


def append(url: Name, data: Data, binary: bool = False) -> None:
    """Adds to the end of a file, which is made when it is not there. An object is fetched and stored again for that."""
    content = _bytes(data)
    if not is_remote(url):
        with open(as_text(url), 'ab') as file:
            file.write(content)
        return
    target = file_url(url)
    if _store.head(target) is None:
        _store_write.put_bytes(target, content)
    else:
        _extend(as_text(url), lambda path: _add_bytes(path, content))


def append_remote(src_url: Name, dst_url: Name) -> None:
    """Adds one object's bytes to the end of another, which is made when it is not there."""
    for url in (src_url, dst_url):
        if not is_remote(url):
            raise ValueError('%r is not an object URL; append_remote takes two of those' % as_text(url))
    if _store.head(file_url(dst_url)) is None:
        copy(src_url, dst_url)
    else:
        _extend(as_text(dst_url), lambda path: _add_object(path, src_url))


def _extend(url: str, add: Any) -> None:
    folder = tempfile.mkdtemp(prefix='moxing-', dir=spool_folder())
    path = os.path.join(folder, 'object')
    try:
        fetch(url, path)
        add(path)
        copy(path, url)
    finally:
        if os.path.exists(path):
            os.remove(path)
        os.rmdir(folder)


def _add_bytes(path: str, content: bytes) -> None:
    with open(path, 'ab') as file:
        file.write(content)


def _add_object(path: str, source: Name) -> None:
    beside = path + '.more'
    fetch(as_text(source), beside)
    try:
        with open(path, 'ab') as file, open(beside, 'rb') as more:
            block = more.read(1 << 20)
            while block:
                file.write(block)
                block = more.read(1 << 20)
    finally:
        os.remove(beside)


def _bytes(data: Data) -> bytes:
    return data.encode('utf-8') if isinstance(data, str) else bytes(data)
