"""Changing what the object store holds: whole objects, in parts when they are large, copies, deletions."""
import base64
import hashlib
import time
from typing import Any, Callable, Dict, Iterable, List, Optional
from urllib.parse import quote
from xml.etree import ElementTree

from ._answers import child_text, parse_xml
from ._errors import MoxFileNotExistsException, MoxFileRespException, broke_off, not_exists
from ._source import FileChanged, Piece, SourceFile
from ._store import Entry, compare_md5, head
from ._transport import transport
from ._urls import Url

PART_BYTES = 16 << 20
MAX_PARTS = 10000
#: S3 copies no more in one request.
MAX_COPY, COPY_PART_BYTES = 5 << 30, 512 << 20
#: How often a file or an object that is changed meanwhile is sent or copied, and the seconds between.
SENDS, CHANGE_PAUSE = 3, 0.2
#: Runs a function over items, perhaps some at a time.
RunAll = Callable[[Callable[[Any], None], Iterable[Any]], None]


def put_bytes(url: Url, data: bytes) -> None:
    """Stores `data`."""
    transport().request('PUT', url.bucket, url.key, body=data)


def put_file(url: Url, path: str, multipart_from: int, run_all: RunAll) -> int:
    """Stores a local file as it is at one moment and returns its size; one that is rewritten meanwhile is sent again.

    `run_all(function, items)` runs the parts of a large one. Raises MoxFileReadException when the file does not come to
    rest; then there is no object, or the one before.
    """
    sends = 1
    while True:
        try:
            with SourceFile(path) as source:
                send = _put_parts if source.size > multipart_from else _put_whole
                send(url, source, run_all)
                return source.size
        except FileChanged:
            if sends == SENDS:
                raise broke_off(str(url), '%s was written to while it was uploaded, %d times' % (path, SENDS))
        sends += 1
        time.sleep(CHANGE_PAUSE)


def _put_whole(url: Url, source: SourceFile, run_all: RunAll) -> None:
    answer = transport().request('PUT', url.bucket, url.key,
                                 body=(lambda: Piece(source, 0, source.size, whole=True), source.size))
    compare_md5(url, answer.sent_md5, answer)


def _put_parts(url: Url, source: SourceFile, run_all: RunAll) -> None:
    size = source.size
    part = max(PART_BYTES, -(-size // MAX_PARTS))

    def send(upload_id: str, number: int) -> Optional[str]:
        start = (number - 1) * part
        end = min(start + part, size)
        answer = transport().request('PUT', url.bucket, url.key, body=(lambda: Piece(source, start, end), end - start),
                                     query={'partNumber': str(number), 'uploadId': upload_id})
        compare_md5(url, answer.sent_md5, answer)
        return answer.etag

    def run_and_confirm(function: Callable[[Any], None], items: Iterable[Any]) -> None:
        run_all(function, items)
        source.confirm()
    _in_parts(url, size, part, send, run_and_confirm)


def copy_object(source: Url, target: Url, size: int, run_all: RunAll) -> None:
    """Copies inside the store, without the bytes passing here."""
    header = {'x-amz-copy-source': '/' + quote(source.bucket, safe='') + '/' + quote(source.key, safe='/~')}
    if size <= MAX_COPY:
        parse_xml(transport().request('PUT', target.bucket, target.key, headers=header))
        return
    for left in range(SENDS - 1, -1, -1):
        there = head(source)
        if there is None:
            raise not_exists(str(source))
        try:
            _copy_parts(target, there, header, run_all)
            return
        except MoxFileRespException as error:
            if error.resp.status != 412 and error.resp.errorCode != 'PreconditionFailed':
                raise
            if not left:
                raise broke_off(str(source), 'was replaced while it was copied, %d times' % SENDS)


def _copy_parts(target: Url, source: Entry, header: Dict[str, str], run_all: RunAll) -> None:
    """Each part is of this very object: of another one that takes its name meanwhile the store gives none (412)."""
    size = source.size
    part = max(COPY_PART_BYTES, -(-size // MAX_PARTS))

    def send(upload_id: str, number: int) -> Optional[str]:
        last = min(number * part, size) - 1
        headers = dict(header, **{'x-amz-copy-source-range': 'bytes=%d-%d' % ((number - 1) * part, last),
                                  'x-amz-copy-source-if-match': source.etag})
        answer = transport().request('PUT', target.bucket, target.key, headers=headers,
                                     query={'partNumber': str(number), 'uploadId': upload_id})
        return child_text(parse_xml(answer), 'ETag')
    _in_parts(target, size, part, send, run_all)


def _in_parts(url: Url, size: int, part: int, send: Callable[[str, int], Optional[str]], run_all: RunAll) -> None:
    """Makes an object of parts; what a failed upload has sent is given up again."""
    server = transport()
    started = server.request('POST', url.bucket, url.key, query={'uploads': ''})
    upload_id = child_text(parse_xml(started), 'UploadId')
    if not upload_id:
        raise broke_off(str(url), 'the object store gave no UploadId')
    etags = {}  # type: Dict[int, Optional[str]]

    def one(number: int) -> None:
        etags[number] = send(upload_id or '', number)

    try:
        run_all(one, range(1, -(-size // part) + 1))
        _complete(url, upload_id, etags, size)
    except BaseException:
        try:
            server.request('DELETE', url.bucket, url.key, query={'uploadId': upload_id}, missing_ok=True)
        except Exception:
            pass  # the first failure is the one to tell
        raise


def _complete(url: Url, upload_id: str, etags: Dict[int, Optional[str]], size: int) -> None:
    root = ElementTree.Element('CompleteMultipartUpload')
    for number in sorted(etags):
        part = ElementTree.SubElement(root, 'Part')
        ElementTree.SubElement(part, 'PartNumber').text = str(number)
        ElementTree.SubElement(part, 'ETag').text = etags[number]
    try:
        answer = transport().request('POST', url.bucket, url.key, query={'uploadId': upload_id},
                                     body=ElementTree.tostring(root))
    except MoxFileNotExistsException:
        # Asked twice because the first answer was lost with the connection: then the object is there.
        there = head(url)
        if there is None or there.size != size:
            raise
        return
    parse_xml(answer)


def delete(url: Url) -> None:
    """Removes one object; one that is not there is no error."""
    transport().request('DELETE', url.bucket, url.key, missing_ok=True)


def delete_many(url: Url, keys: List[str], run_all: RunAll) -> None:
    """Removes objects, a thousand with each request where the store can."""
    def one(key: str) -> None:
        delete(url.with_key(key))

    def thousand(batch: List[str]) -> None:
        root = ElementTree.Element('Delete')
        ElementTree.SubElement(root, 'Quiet').text = 'true'
        for key in batch:
            ElementTree.SubElement(ElementTree.SubElement(root, 'Object'), 'Key').text = key
        body = ElementTree.tostring(root)
        headers = {'Content-MD5': base64.b64encode(hashlib.md5(body).digest()).decode('ascii'),
                   'Content-Type': 'application/xml'}
        answer = transport().request('POST', url.bucket, query={'delete': ''}, headers=headers, body=body)
        if answer.body and any(child.tag.rpartition('}')[2] == 'Error' for child in parse_xml(answer)):
            for key in batch:
                one(key)  # says which one cannot be deleted, and why

    # Markers last and deepest first: some stores keep folders, and let nobody delete one that is not empty.
    markers = sorted((key for key in keys if key.endswith('/')), reverse=True)
    for group in ([key for key in keys if not key.endswith('/')], markers):
        # XML cannot carry control characters.
        odd = [key for key in group if not key.isprintable()]
        plain = [key for key in group if key.isprintable()]
        batches = [plain[at:at + 1000] for at in range(0, len(plain), 1000)]
        try:
            if group is markers:
                for batch in batches:
                    thousand(batch)
            else:
                run_all(thousand, batches)
        except MoxFileRespException as error:
            if error.resp.status not in (400, 405, 501):
                raise
            odd = group
        if group is markers:
            for key in odd:
                one(key)
        else:
            run_all(one, odd)
