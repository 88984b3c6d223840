"""Signature version 4 of S3 for one request, as OBS, Ceph, MinIO and the object server of Ropeway check it."""
import hashlib
import hmac
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import quote

UNSIGNED = 'UNSIGNED-PAYLOAD'
EMPTY = hashlib.sha256(b'').hexdigest()


def encode_query(pairs: List[Tuple[str, str]]) -> str:
    """The query as it is signed and sent: sorted, with everything escaped but unreserved letters."""
    return '&'.join('%s=%s' % (quote(name, safe='~'), quote(value, safe='~')) for name, value in sorted(pairs))


def sign(method: str, host: str, path: str, query: str, headers: Dict[str, str], body: Optional[bytes], target: Any,
         now: Tuple[str, str]) -> Dict[str, str]:
    """Returns `headers` with those of the signature. `path` and `query` as they are sent; `now` is (date, time).

    A body that is not given as bytes goes unsigned: it is checked by its md5 instead.
    """
    date, stamp = now
    payload = UNSIGNED if body is None else hashlib.sha256(body).hexdigest() if body else EMPTY
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    signed.update({'host': host, 'x-amz-date': stamp, 'x-amz-content-sha256': payload})
    if target.token:
        signed['x-amz-security-token'] = target.token
    names = ';'.join(sorted(signed))
    canonical = '\n'.join([method, path, query] + ['%s:%s' % (name, signed[name]) for name in sorted(signed)]
                          + ['', names, payload])
    scope = '/'.join((date, target.region, 's3', 'aws4_request'))
    text = '\n'.join(('AWS4-HMAC-SHA256', stamp, scope, hashlib.sha256(canonical.encode('utf-8')).hexdigest()))
    key = ('AWS4' + target.sk).encode('utf-8')
    for part in (date, target.region, 's3', 'aws4_request'):
        key = hmac.new(key, part.encode('utf-8'), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode('utf-8'), hashlib.sha256).hexdigest()
    signed['authorization'] = 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s' % (
        target.ak, scope, names, signature)
    return signed
