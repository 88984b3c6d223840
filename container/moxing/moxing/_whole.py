"""Reading and writing whole files."""
import io

from . import _objects as objects
from ._urls import as_text, is_remote, parse


def read(url, client_id=None, binary=False):
    """The whole file: str (UTF-8), or bytes with `binary`."""
    if is_remote(url):
        sink = io.BytesIO()
        objects.download(parse(url), sink)
        data = sink.getvalue()
    else:
        with open(as_text(url), 'rb') as file:
            data = file.read()
    return data if binary else data.decode('utf-8')


def write(url, data, binary=False):
    """Replaces the content by `data`: str (stored as UTF-8), or bytes."""
    content = data.encode('utf-8') if isinstance(data, str) else bytes(data)
    if is_remote(url):
        objects.put_bytes(writable(url), content)
    else:
        with open(as_text(url), 'wb') as file:
            file.write(content)


def writable(url):
    """The Url of a file that is to be written; raises IsADirectoryError when it can only be a folder."""
    target = parse(url)
    if not target.key or target.key.endswith('/'):
        raise IsADirectoryError('%s names a folder, not a file' % target)
    return target
