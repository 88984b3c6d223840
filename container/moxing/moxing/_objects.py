"""The store's operations the file API is made of, one function each: S3's REST API, path style."""
import io
import os
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from ._errors import MoxFileNotExistsException, MoxFileReadException, MoxFileRespException, Resp, not_exists
from ._transport import BROKEN, Retry, child_text, failure_of, transport

MULTIPART_FROM = 64 << 20
PART_BYTES = 16 << 20
MAX_PARTS = 10000


def head(url):
    """Returns (size in bytes, ETag) of an object, or None when there is none."""
    answer = transport().request('HEAD', url.bucket, url.key, missing_ok=True) if url.key else None
    return None if answer is None else (answer.length or 0, answer.headers.get('ETag'))


def list_keys(url, prefix, delimiter=None, limit=None):
    """Yields (key, size in bytes) in key order, and (prefix, None) for what `delimiter` folds together.

    Raises MoxFileNotExistsException when there is no such bucket.
    """
    query = {'list-type': '2', 'prefix': prefix, 'encoding-type': 'url'}
    if delimiter:
        query['delimiter'] = delimiter
    if limit:
        query['max-keys'] = str(limit)
    while True:
        answer = transport().request('GET', url.bucket, query=query)
        try:
            root = ElementTree.fromstring(answer.body)
        except ElementTree.ParseError as error:
            raise MoxFileReadException(Resp(answer.status, 'unreadable list: %s' % error, str(url)))
        decode = unquote_plus if child_text(root, 'EncodingType') == 'url' else str
        for element in root:
            tag = element.tag.rpartition('}')[2]
            if tag == 'Contents':
                yield decode(child_text(element, 'Key')), int(child_text(element, 'Size'))
            elif tag == 'CommonPrefixes':
                yield decode(child_text(element, 'Prefix')), None
        token = child_text(root, 'NextContinuationToken')
        if limit or child_text(root, 'IsTruncated') != 'true' or not token:
            return
        query['continuation-token'] = token


def has_below(url):
    """Is there anything at or below this folder? A bucket's root is a folder when the bucket is there."""
    try:
        found = any(True for _ in list_keys(url, url.folder_key, limit=1))
    except MoxFileNotExistsException:
        return False
    return found or not url.folder_key


def open_object(url, start=0, etag=None):
    """Returns a streamed Answer from byte `start` on; raises MoxFileNotExistsException.

    With `etag` the answer is None when the object is not that one any more.
    """
    if not url.key:
        raise not_exists(str(url))
    headers = {'Range': 'bytes=%d-' % start} if start else {}
    answer = transport().request('GET', url.bucket, url.key, headers=headers, stream=True)
    wrong_object = etag is not None and answer.headers.get('ETag') != etag
    if wrong_object or (start and answer.status != 206):
        answer.close()
        return None
    return answer


def download(url, sink):
    """Writes an object to `sink`, a binary file that can seek. A broken body is taken up again where it broke."""
    retry, done, furthest, etag = Retry(transport(), str(url)), 0, 0, None
    buffer = memoryview(bytearray(1 << 18))
    while True:
        answer = open_object(url, done, etag)
        if answer is None:  # replaced meanwhile: half of each would be neither
            done, etag = 0, None
            sink.seek(0)
            sink.truncate()
            continue
        etag = answer.headers.get('ETag')
        end = None if answer.length is None else done + answer.length
        try:
            while True:
                count = answer.readinto(buffer)
                if count == 0:
                    break
                sink.write(buffer[:count])
                done += count
            if end is None or done == end:
                return
            error = MoxFileReadException(Resp(200, 'the body ended after %d of %d bytes' % (done, end), str(url)))
        except BROKEN as broken:
            error = MoxFileReadException(Resp(200, 'the body broke off: %s' % broken, str(url)))
        finally:
            answer.close()
        if done > furthest:
            furthest = done
            retry.progress()
        retry.pause(error)


def upload(url, path, run_all):
    """Stores a local file. `run_all(function, items)` runs the parts of a large one, perhaps in parallel."""
    size = os.stat(path).st_size
    if size > MULTIPART_FROM:
        upload_parts(url, path, size, run_all)
    else:
        transport().request('PUT', url.bucket, url.key, body=(lambda: open(path, 'rb', 0), size))


def put_bytes(url, data):
    """Stores `data`, some bytes."""
    transport().request('PUT', url.bucket, url.key, body=data)


def upload_parts(url, path, size, run_all):
    """Stores a large file in parts. What a failed upload has sent is given up again."""
    server = transport()
    part = max(PART_BYTES, -(-size // MAX_PARTS))
    started = server.request('POST', url.bucket, url.key, query={'uploads': ''})
    upload_id = child_text(ElementTree.fromstring(started.body), 'UploadId')
    etags = {}

    def send(number):
        start = (number - 1) * part

        def open_at():
            stream = open(path, 'rb', 0)
            stream.seek(start)
            return stream
        answer = server.request('PUT', url.bucket, url.key, body=(open_at, min(part, size - start)),
                                query={'partNumber': str(number), 'uploadId': upload_id})
        etags[number] = answer.headers.get('ETag')

    try:
        run_all(send, range(1, -(-size // part) + 1))
        complete(server, url, upload_id, etags, size)
    except BaseException:
        try:
            server.request('DELETE', url.bucket, url.key, query={'uploadId': upload_id}, missing_ok=True)
        except Exception:
            pass  # the first failure is the one to tell
        raise


def complete(server, url, upload_id, etags, size):
    """Makes the object out of its parts."""
    root = ElementTree.Element('CompleteMultipartUpload')
    for number in sorted(etags):
        part = ElementTree.SubElement(root, 'Part')
        ElementTree.SubElement(part, 'PartNumber').text = str(number)
        ElementTree.SubElement(part, 'ETag').text = etags[number]
    try:
        answer = server.request('POST', url.bucket, url.key, query={'uploadId': upload_id},
                                body=ElementTree.tostring(root))
    except MoxFileNotExistsException:
        # Asked twice because the first answer was lost with the connection: then the object is there.
        there = head(url)
        if there is None or there[0] != size:
            raise
        return
    # S3 may send 200 first and find an error later.
    if answer.body and ElementTree.fromstring(answer.body).tag.rpartition('}')[2] == 'Error':
        raise MoxFileRespException(failure_of(answer, 'Error').resp)


def delete(url):
    """Removes one object; one that is not there is no error."""
    transport().request('DELETE', url.bucket, url.key, missing_ok=True)


class ObjectReader(io.RawIOBase):
    """An object as a raw stream: bytes come while they are read, `seek` asks for another range."""

    def __init__(self, url):
        super(ObjectReader, self).__init__()
        self._url, self._answer = url, None
        self._answer = open_object(url)
        self._etag = self._answer.headers.get('ETag')
        self.length = self._answer.length or 0
        self._position = 0
        self._retry = None

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._position

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.length}[whence]
        if base + offset < 0:
            raise ValueError('negative seek position %d' % (base + offset))
        if base + offset != self._position:
            self._drop()
            self._position = base + offset
        return self._position

    def readinto(self, buffer):
        while self._position < self.length and len(buffer):
            try:
                if self._answer is None:
                    self._answer = open_object(self._url, self._position, self._etag)
                    if self._answer is None:
                        raise MoxFileReadException(Resp(412, 'was replaced while it was read', str(self._url)))
                count = self._answer.readinto(buffer)
                if count:
                    self._position += count
                    self._retry = None
                    return count
                error = ConnectionResetError('the body ended early')
            except MoxFileRespException:
                raise  # the store's answer, though "not there" is a FileNotFoundError, too
            except BROKEN as broken:
                error = broken
            self._drop()
            self._retry = self._retry or Retry(transport(), str(self._url))
            self._retry.pause(MoxFileReadException(Resp(200, str(error), str(self._url))))
        return 0

    def _drop(self):
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.close()

    def close(self):
        if not self.closed:
            self._drop()
        super(ObjectReader, self).close()
