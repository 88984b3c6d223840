"""Object URLs: taking apart, putting together, and keeping keys inside the folder they are copied to."""
import os
from typing import Union

from ._errors import MoxFileException

SCHEMES = ('obs://', 's3://')
#: What a path or URL may be given as.
Name = Union[str, bytes, 'os.PathLike[str]']


class Url(object):
    """`obs://bucket/key`; `key` is as written, '' for the bucket itself."""

    def __init__(self, scheme: str, bucket: str, key: str) -> None:
        self.scheme, self.bucket, self.key = scheme, bucket, key

    def __str__(self) -> str:
        return '%s%s/%s' % (self.scheme, self.bucket, self.key)

    @property
    def folder_key(self) -> str:
        """The prefix of everything below: '' or a key that ends with one slash."""
        return self.key.rstrip('/') + '/' if self.key.rstrip('/') else ''

    def with_key(self, key: str) -> 'Url':
        return Url(self.scheme, self.bucket, key)


def as_text(name: Name) -> str:
    """str of a str, bytes or os.PathLike name."""
    return os.fsdecode(name)


def is_remote(name: Name) -> bool:
    return as_text(name).startswith(SCHEMES)


def parse(name: Name) -> Url:
    """Returns the Url; raises ValueError for a URL without bucket or with a key that no store should be asked for."""
    text = as_text(name)
    scheme = next((known for known in SCHEMES if text.startswith(known)), None)
    if scheme is None:
        raise ValueError('%r is not an object URL, expected obs://bucket/key' % text)
    bucket, _, key = text[len(scheme):].partition('/')
    if not bucket or bucket in ('.', '..') or not all(letter.isalnum() or letter in '.-_' for letter in bucket):
        raise ValueError('%r names no bucket, expected obs://bucket/key' % text)
    # HTTP software may resolve dot segments on the way, and then another object would be meant.
    if '\0' in key or any(part in ('.', '..') for part in key.split('/')):
        raise ValueError('%r: a key may hold neither NUL nor the path segments "." and ".."' % text)
    require_utf8(key, text)
    return Url(scheme, bucket, key)


def file_url(name: Name) -> Url:
    """The Url of a file; raises IsADirectoryError when it can only be a folder."""
    target = parse(name)
    if not target.key or target.key.endswith('/'):
        raise IsADirectoryError('%s names a folder, not a file' % target)
    return target


def is_utf8(text: str) -> bool:
    """False for names of files whose bytes are not UTF-8: Python keeps those as lone surrogates."""
    try:
        text.encode('utf-8')
        return True
    except UnicodeEncodeError:
        return False


def require_utf8(key: str, shown: str) -> None:
    """Raises MoxFileException when `key` cannot be the key of an object."""
    if not is_utf8(key):
        raise MoxFileException('%r cannot be stored: keys of objects are UTF-8, and the bytes of this name are not'
                               % os.fsencode(shown))


def safe_relative(relative: str, source: str, target: str) -> str:
    """Returns `relative` when it names something inside a folder; raises ValueError otherwise."""
    parts = relative.rstrip('/').split('/')
    if any(part in ('', '.', '..') or '\0' in part for part in parts):
        raise ValueError('%r of %s refused: it does not name a file inside %s' % (relative, source, target))
    return relative


def join(folder: str, relative: str) -> str:
    """`relative` below `folder`, which is a URL or a local path."""
    if is_remote(folder):
        return as_text(folder).rstrip('/') + '/' + relative
    return os.path.join(as_text(folder), *relative.split('/'))


def base_name(name: str) -> str:
    return name.rstrip('/').rpartition('/')[2]
