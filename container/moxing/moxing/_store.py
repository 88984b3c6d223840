"""Asking the object store: the facts of objects, lists, bytes. Only what S3's REST API and OBS have both."""
import io
from collections import namedtuple
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Dict, Iterator, Optional
from urllib.parse import unquote_plus

from . import _settings
from ._answers import child_text, parse_xml
from ._connection import BROKEN, Answer
from ._errors import MoxFileNotExistsException, MoxFileRespException, broke_off, not_exists
from ._transport import Retry, new_md5, transport
from ._urls import Url

#: An object of a list: `mtime_nsec` since 1970. What a delimiter folds together has no size.
Entry = namedtuple('Entry', 'key size etag mtime_nsec')


def head(url: Url) -> Optional[Entry]:
    """The facts of an object, or None when there is none."""
    answer = transport().request('HEAD', url.bucket, url.key, missing_ok=True) if url.key else None
    return None if answer is None else Entry(url.key, answer.length or 0, answer.etag, _http_date(answer))


def _http_date(answer: Answer) -> int:
    try:
        return int(parsedate_to_datetime(answer.headers['Last-Modified']).timestamp() * 1e9)
    except (KeyError, TypeError, ValueError):
        return 0


def _iso_date(text: str) -> int:
    try:
        whole = datetime.strptime(text.partition('.')[0].rstrip('Z'), '%Y-%m-%dT%H:%M:%S')
    except ValueError:
        return 0
    fraction = text.partition('.')[2].rstrip('Z')
    nanoseconds = int((fraction + '000000000')[:9]) if fraction.isdigit() else 0
    return int(whole.replace(tzinfo=timezone.utc).timestamp()) * 1000000000 + nanoseconds


def list_entries(url: Url, prefix: str, delimiter: Optional[str] = None, limit: Optional[int] = None) -> Iterator[Entry]:
    """Yields an Entry for each key in order, and one with the size None for what `delimiter` folds together.

    Raises MoxFileNotExistsException when there is no such bucket.
    """
    query = {'prefix': prefix, 'encoding-type': 'url'}
    if delimiter:
        query['delimiter'] = delimiter
    most = limit or _settings.given('list_max_keys')
    if most:
        query['max-keys'] = str(most)
    while True:
        answer = transport().request('GET', url.bucket, query=query)
        root = parse_xml(answer)
        decode = unquote_plus if child_text(root, 'EncodingType') == 'url' else str  # type: Callable[[str], str]
        last = ''
        for element in root:
            tag = element.tag.rpartition('}')[2]
            if tag == 'Contents':
                last = decode(child_text(element, 'Key') or '')
                yield Entry(last, int(child_text(element, 'Size') or 0), child_text(element, 'ETag'),
                            _iso_date(child_text(element, 'LastModified') or ''))
            elif tag == 'CommonPrefixes':
                folded = decode(child_text(element, 'Prefix') or '')
                last = max(last, folded, key=lambda text: text.encode('utf-8', 'surrogatepass'))
                yield Entry(folded, None, None, 0)
        if limit or child_text(root, 'IsTruncated') != 'true':
            return
        # Version 1 of the list, which every store has; the next marker is only told when there is a delimiter.
        marker = decode(child_text(root, 'NextMarker') or '') or last
        if not marker or marker == query.get('marker'):
            raise broke_off(str(url), 'the list is cut and does not say where it goes on')
        query['marker'] = marker


def has_below(url: Url) -> bool:
    """Is there anything at or below this folder? A bucket's root is a folder when the bucket is there."""
    try:
        found = any(True for _ in list_entries(url, url.folder_key, limit=1))
    except MoxFileNotExistsException:
        return False
    return found or not url.folder_key


def open_object(url: Url, start: int = 0, end: Optional[int] = None, etag: Optional[str] = None) -> Optional[Answer]:
    """Returns a streamed Answer of the bytes from `start` to before `end`; raises MoxFileNotExistsException.

    With `etag` the answer is None when the object is not that one any more. A store may ignore the range: then the
    status is 200. A range beyond the object's end gives status 416 as MoxFileRespException.
    """
    if not url.key:
        raise not_exists(str(url))
    headers = {}  # type: Dict[str, str]
    if start or end is not None:
        headers['Range'] = 'bytes=%d-%s' % (start, '' if end is None else end - 1)
    if etag is not None:
        headers['If-Match'] = etag
    try:
        answer = transport().request('GET', url.bucket, url.key, headers=headers, stream=True)
    except MoxFileRespException as error:
        if error.resp.status == 412 and etag is not None:
            return None
        raise
    if (etag is not None and answer.etag != etag) or (start and answer.status != 206):
        answer.close()
        return None
    return answer


def download(url: Url, sink: Any) -> None:
    """Writes an object to `sink`, a binary file that can seek. A broken body is taken up again where it broke."""
    retry, done, furthest, etag = Retry(transport(), str(url)), 0, 0, None  # type: Any, int, int, Optional[str]
    buffer = memoryview(bytearray(1 << 18))
    md5 = new_md5()
    while True:
        answer = open_object(url, done, None, etag)
        if answer is None:  # replaced meanwhile: half of each would be neither
            done, etag, md5 = 0, None, new_md5()
            sink.seek(0)
            sink.truncate()
            continue
        etag = answer.etag
        end = None if answer.length is None else done + answer.length
        try:
            while True:
                try:
                    count = answer.readinto(buffer)
                except BROKEN as broken:
                    error = broke_off(str(url), 'the body broke off: %s' % broken)
                    break
                if count == 0:
                    error = broke_off(str(url), 'the body ended after %d of %s bytes' % (done, end))
                    break
                sink.write(buffer[:count])
                if md5 is not None:
                    md5.update(buffer[:count])
                done += count
            if count == 0 and (end is None or done == end):
                compare_md5(url, md5 and md5.hexdigest(), answer)
                return
        finally:
            answer.close()
        if done > furthest:
            furthest = done
            retry.progress()
        retry.pause(error)


def compare_md5(url: Url, md5: Optional[str], answer: Answer) -> None:
    """Raises when the ETag is an md5 and another one than that of the bytes; encrypted and multi-part ones are not."""
    etag = (answer.etag or '').strip('"').lower()
    headers = ' '.join('%s=%s' % pair for pair in answer.headers.items()).lower()
    is_md5 = len(etag) == 32 and all(letter in '0123456789abcdef' for letter in etag)
    if md5 and is_md5 and 'encryption-customer' not in headers and 'kms' not in headers and etag != md5:
        raise broke_off(str(url), 'the bytes have the md5 %s, the object store says %s' % (md5, etag))


def read_whole(url: Url) -> bytes:
    sink = io.BytesIO()
    download(url, sink)
    return sink.getvalue()
