"""The exceptions of moxing.file, under the names scripts catch, and what turns foreign failures into them."""
import os
from typing import Any, Dict, Optional, Tuple


class MoxFileException(Exception):
    """The parent of all."""


class MoxFileConnectionException(MoxFileException, OSError):
    """The object store cannot be reached from here."""


class MoxFileNameDuplicateException(MoxFileException):
    """A file and a folder have one name, which a file system cannot hold."""


class Resp(object):
    """What the store answered, with the attribute names of the OBS SDK. `asked`: of a refusal, who wanted what."""

    def __init__(self, status: int, reason: Optional[str], url: str, error_code: Optional[str] = None,
                 error_message: Optional[str] = None, asked: Optional[str] = None) -> None:
        self.status, self.reason, self.url, self.asked = status, reason, url, asked
        self.errorCode, self.errorMessage = error_code, error_message

    def __str__(self) -> str:
        text = '%s: %s %s' % (self.url, self.status, self.errorCode or self.reason)
        told = '; '.join(part for part in (self.errorMessage, self.asked) if part)
        return '%s (%s)' % (text, told) if told else text

    def __reduce__(self) -> Tuple[Any, ...]:
        return Resp, (self.status, self.reason, self.url, self.errorCode, self.errorMessage, self.asked)


class _MoxFileBaseRespException(MoxFileException):
    """`resp` holds status, errorCode, errorMessage."""

    def __init__(self, resp: Resp) -> None:
        super(_MoxFileBaseRespException, self).__init__(resp)
        self.resp = resp

    def __str__(self) -> str:
        return str(self.resp)


class MoxFileRespException(_MoxFileBaseRespException):
    """The store answered with a status of 300 or more."""


class MoxFileReadException(_MoxFileBaseRespException):
    """An answer broke off, is not what was sent or of no object store, or an object or a file changed meanwhile."""


class MoxFileNotExistsException(MoxFileRespException, FileNotFoundError):
    """There is nothing at this URL. Also a FileNotFoundError, because scripts replace `open` and `os` by this API."""

    def __str__(self) -> str:
        return str(self.resp)


def not_exists(url: str) -> MoxFileNotExistsException:
    """For a URL or a path below which nothing was found."""
    return MoxFileNotExistsException(Resp(404, 'Not Found', url, 'NotFound', 'there is no such file or folder'))


def broke_off(url: str, why: object) -> MoxFileReadException:
    """For an object whose bytes did not all arrive, or not all the same."""
    return MoxFileReadException(Resp(200, str(why), url))


def failure_of_mover(told: Dict[str, Any]) -> Exception:
    """The exception for a failure that a mover (src/storage/move-service.ts) tells of."""
    kind, message, about = told.get('kind'), told.get('message') or 'failed', told.get('about') or ''
    if kind == 'local':
        return OSError(int(told.get('errno') or 0), os.strerror(int(told.get('errno') or 0)), about)
    if kind == 'duplicate':
        return MoxFileNameDuplicateException(message)
    if kind == 'connection':
        return MoxFileConnectionException(message)
    if kind == 'changed':
        return broke_off(about, message)
    if kind == 'store':
        resp = Resp(int(told.get('status') or 0), None, about, told.get('code'), message)
        return (MoxFileNotExistsException if resp.status == 404 else MoxFileRespException)(resp)
    return MoxFileException(message)
