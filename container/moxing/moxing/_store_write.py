"""Changing what the object store holds: whole objects, in parts when they are large, copies, deletions."""
import base64
import hashlib
import os
from typing import Any, Callable, Dict, Iterable, List, Optional
from urllib.parse import quote
from xml.etree import ElementTree

from ._connection import Answer
from ._errors import MoxFileNotExistsException, MoxFileRespException, broke_off
from ._store import compare_md5, head, parse_xml
from ._transport import child_text, failure_of, transport
from ._urls import Url

PART_BYTES = 16 << 20
MAX_PARTS = 10000
#: S3 copies no more in one request.
MAX_COPY = 5 << 30
#: Runs a function over items, perhaps some at a time.
RunAll = Callable[[Callable[[Any], None], Iterable[Any]], None]


def put_bytes(url: Url, data: bytes) -> None:
    """Stores `data`."""
    transport().request('PUT', url.bucket, url.key, body=data)


def put_file(url: Url, path: str, multipart_from: int, run_all: RunAll) -> int:
    """Stores a local file and returns its size. `run_all(function, items)` runs the parts of a large one."""
    size = os.stat(path).st_size
    if size > multipart_from:
        _put_parts(url, path, size, run_all)
    else:
        answer = transport().request('PUT', url.bucket, url.key, body=(lambda: open(path, 'rb', 0), size))
        compare_md5(url, answer.sent_md5, answer)
    return size


def _put_parts(url: Url, path: str, size: int, run_all: RunAll) -> None:
    part = max(PART_BYTES, -(-size // MAX_PARTS))

    def send(upload_id: str, number: int) -> Optional[str]:
        start = (number - 1) * part

        def open_at() -> Any:
            stream = open(path, 'rb', 0)
            stream.seek(start)
            return stream
        answer = transport().request('PUT', url.bucket, url.key, body=(open_at, min(part, size - start)),
                                     query={'partNumber': str(number), 'uploadId': upload_id})
        compare_md5(url, answer.sent_md5, answer)
        return answer.etag
    _in_parts(url, size, part, send, run_all)


def copy_object(source: Url, target: Url, size: int, run_all: RunAll) -> None:
    """Copies inside the store, without the bytes passing here."""
    header = {'x-amz-copy-source': '/' + quote(source.bucket, safe='') + '/' + quote(source.key, safe='/~')}
    if size <= MAX_COPY:
        answer = transport().request('PUT', target.bucket, target.key, headers=header)
        _refuse_error(answer)
        return
    part = max(512 << 20, -(-size // MAX_PARTS))

    def send(upload_id: str, number: int) -> Optional[str]:
        last = min(number * part, size) - 1
        headers = dict(header, **{'x-amz-copy-source-range': 'bytes=%d-%d' % ((number - 1) * part, last)})
        answer = transport().request('PUT', target.bucket, target.key, headers=headers,
                                     query={'partNumber': str(number), 'uploadId': upload_id})
        _refuse_error(answer)
        return child_text(parse_xml(answer, str(target)), 'ETag')
    _in_parts(target, size, part, send, run_all)


def _in_parts(url: Url, size: int, part: int, send: Callable[[str, int], Optional[str]], run_all: RunAll) -> None:
    """Makes an object of parts; what a failed upload has sent is given up again."""
    server = transport()
    started = server.request('POST', url.bucket, url.key, query={'uploads': ''})
    upload_id = child_text(parse_xml(started, str(url)), 'UploadId')
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
    _refuse_error(answer)


def _refuse_error(answer: Answer) -> None:
    """S3 may send 200 first and find an error later."""
    if answer.body and parse_xml(answer, answer.url).tag.rpartition('}')[2] == 'Error':
        raise MoxFileRespException(failure_of(answer).resp)


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
        if answer.body and b'<Error>' in answer.body:
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
