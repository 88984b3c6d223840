"""What an answer of the object store says: XML, a refusal and whom it refuses, or that there is no object store at all."""
import time
from email.utils import parsedate_to_datetime
from typing import Any, Dict, Optional
from xml.etree import ElementTree

from ._errors import MoxFileNotExistsException, MoxFileRespException, Resp, broke_off

#: Refusals that depend on who asked.
REFUSED = (401, 403)


def child_text(element: Any, name: str) -> Optional[str]:
    """Text of a direct child, with or without S3's XML namespace; None when there is no such child."""
    for child in element:
        if child.tag.rpartition('}')[2] == name:
            return child.text or ''
    return None


def parse_xml(answer: Any) -> ElementTree.Element:
    """The result an answer holds. Raises what a store found out after it had sent 200, and for what is no result."""
    try:
        root = ElementTree.fromstring(answer.body.strip())
    except ElementTree.ParseError as error:
        raise _no_store(answer, str(error))
    kind = root.tag.rpartition('}')[2]
    if kind == 'Error':
        raise MoxFileRespException(failure_of(answer).resp)
    if not kind.endswith('Result'):
        raise _no_store(answer, '<%s> in place of a result' % kind)
    return root


def _no_store(answer: Any, why: str) -> Exception:
    return broke_off(answer.url, 'this is no answer of an object store (%s): %s' % (
        why, answer.body[:60].decode('utf-8', 'replace')))


def require_store(answer: Any, method: str, query: Dict[str, str], headers: Dict[str, str], key: str) -> None:
    """Closes and raises for a success that no object store sends: a proxy's login page, a web server that likes all.

    In every dialect an object, and a part of one, has an ETag from the moment it is stored. What has none is told from
    a page by its type, or by how it begins.
    """
    if answer.etag:
        return
    is_object = bool(key) and method in ('GET', 'HEAD', 'PUT') and not set(query) - {'partNumber', 'uploadId'}
    copied = any(name.lower() == 'x-amz-copy-source' for name in headers)  # answered with XML
    kind = (answer.headers.get('Content-Type') or '').partition(';')[0].strip().lower()
    begins = answer.body[:64].lstrip().lower()
    is_page = kind in ('text/html', 'application/xhtml+xml') or begins.startswith((b'<!doctype html', b'<html'))
    if is_page or (is_object and not copied):
        answer.close()
        raise _no_store(answer, '%s, %s without an ETag' % (method, kind or 'nothing'))


def failure_of(answer: Any) -> MoxFileRespException:
    """The exception for an answer of 300 or more."""
    code = message = region = None
    try:
        root = ElementTree.fromstring(answer.body) if answer.body else ElementTree.Element('none')
        code, message, region = (child_text(root, name) for name in ('Code', 'Message', 'Region'))
    except ElementTree.ParseError:
        message = answer.body[:200].decode('utf-8', 'replace')
    off = clock_off(answer) if code == 'RequestTimeTooSkewed' else 0.0
    if off:
        message = '%s; the clock of this machine is %d s %s' % (message, abs(off), 'behind' if off > 0 else 'ahead')
    if region:
        message = '%s; the bucket is in the region %s' % (message, region)
    resp = Resp(answer.status, answer.reason, answer.url, code, message, answer.asked if answer.status in REFUSED else None)
    resp.region = region  # type: ignore[attr-defined]
    return (MoxFileNotExistsException if answer.status == 404 else MoxFileRespException)(resp)


def asked(method: str, query: Dict[str, str], headers: Dict[str, str], target: Any) -> str:
    """Who wanted what, for a refusal: many stores refuse without a word, and to a HEAD none can say one."""
    what = method
    if 'prefix' in query:
        what = 'GET, the list below %r,' % query['prefix']
    elif 'x-amz-copy-source' in headers:
        what = 'PUT, a copy of %s,' % headers['x-amz-copy-source']
    elif query and set(query) != {'uploadId'}:
        what = '%s ?%s' % (method, '&'.join(sorted(query)))
    who = 'this task' if target.socket else 'the access key %s' % target.ak if target.ak else 'a request without a key'
    return '%s is refused to %s' % (what, who)


def clock_off(answer: Any) -> float:
    """Seconds that the store's clock is ahead of this machine's; 0 when it does not say."""
    try:
        return parsedate_to_datetime(answer.headers['Date']).timestamp() - time.time()
    except (KeyError, TypeError, ValueError):
        return 0.0
