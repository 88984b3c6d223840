"""Which object store is meant, and who asks: set_auth(), then the task's socket, then the environment, then the
credentials.json that `ropeway serve` writes. Read anew for every call, so that a script may set variables at any time.
"""
import json
import os
from collections import namedtuple
from typing import Any, Dict, Optional
from urllib.parse import urlsplit

SOCKET_VARIABLE = 'ROPEWAY_TASK_SOCKET'
DEFAULT_SOCKET = '/run/ropeway/task.sock'
ENDPOINTS = ('ROPEWAY_OBJECT_ENDPOINT', 'OBS_ENDPOINT', 'S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL')
#: Access key, secret key, token of temporary keys: the first row whose first two are set counts.
KEYS = (
    ('ROPEWAY_ACCESS_KEY', 'ROPEWAY_SECRET_KEY', 'ROPEWAY_SECURITY_TOKEN'),
    ('OBS_ACCESS_KEY_ID', 'OBS_SECRET_ACCESS_KEY', 'OBS_SECURITY_TOKEN'),
    ('ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SECURITY_TOKEN'),
    ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'),
)
REGIONS = ('ROPEWAY_OBJECT_REGION', 'OBS_REGION', 'S3_REGION', 'AWS_REGION', 'AWS_DEFAULT_REGION')
#: Files with certificates of authorities to trust, beside those that the system does.
AUTHORITIES = ('ROPEWAY_OBJECT_CA', 'AWS_CA_BUNDLE')
#: Hosts of public clouds, where buckets are part of the name; elsewhere they are part of the path.
VIRTUAL_HOSTS = ('.myhuaweicloud.com', '.myhuaweicloud.eu', '.amazonaws.com', '.otc.t-systems.com')

#: A store: a Unix socket that is its own identity, or an address with keys.
Target = namedtuple('Target', 'socket scheme host port base ak sk token region path_style verify ca proxy')

_given = {}  # type: Dict[str, Any]
_files = {}  # type: Dict[str, Any]


def set_auth(ak: Optional[str] = None, sk: Optional[str] = None, server: Optional[str] = None,
             port: Optional[int] = None, is_secure: Optional[bool] = None, ssl_verify: Optional[bool] = None,
             long_conn_mode: Optional[bool] = None, path_style: Optional[bool] = None, retry: Optional[int] = None,
             retry_wait: Optional[float] = None, client_timeout: Optional[float] = None,
             list_max_keys: Optional[int] = None, security_token: Optional[str] = None, **more: Any) -> None:
    """Changes the client of this process and of those it forks; what is None stays as it is.

    `server` (a host, or a URL) makes this the store, in a task too. Without it a task keeps its own socket, which needs
    neither keys nor TLS. `retry` counts all tries of a request, `retry_wait` is the first wait in seconds. Names that
    mean something to other versions only (`timeout_config`, `client_id`, ...) are taken and have no effect.
    """
    given = dict(ak=ak, sk=sk, server=server, port=port, is_secure=is_secure, ssl_verify=ssl_verify,
                 long_conn_mode=long_conn_mode, path_style=path_style, retry=retry, retry_wait=retry_wait,
                 client_timeout=client_timeout, list_max_keys=list_max_keys, security_token=security_token)
    _given.update((name, value) for name, value in given.items() if value is not None)


def given(name: str, otherwise: Any = None) -> Any:
    """What set_auth() was told."""
    return _given.get(name, otherwise)


def target() -> Target:
    """The store of this moment. Raises KeyError with the name of what is missing."""
    own = os.environ.get(SOCKET_VARIABLE)
    if not _given.get('server') and (own or _is_in_task()):
        return Target(own or DEFAULT_SOCKET, 'http', 'localhost', None, '', None, None, None, '', True, True, None, None)
    stored = {}  # type: Dict[str, str]
    endpoint = _given.get('server') or _first(ENDPOINTS)
    if not endpoint:
        stored = _credentials()
        endpoint = stored.get('object_endpoint')
        if not endpoint:
            raise KeyError('endpoint')
    ak, sk, token = _keys(stored)
    return _tcp(endpoint, ak, sk, token)


def _is_in_task() -> bool:
    # Its folder is the sign: the socket itself is away for a moment while the server restarts.
    return os.path.isdir(os.path.dirname(DEFAULT_SOCKET))


def _tcp(endpoint: str, ak: Optional[str], sk: Optional[str], token: Optional[str]) -> Target:
    secure = _given.get('is_secure')
    if '://' not in endpoint:
        plain = os.environ.get('S3_USE_HTTPS', '1').lower() in ('0', 'false')
        endpoint = ('http://' if plain else 'https://') + endpoint
    parts = urlsplit(endpoint)
    scheme = parts.scheme if secure is None else 'https' if secure else 'http'
    host = parts.hostname or ''
    port = _given.get('port') or parts.port
    style = _given.get('path_style')
    if style is None:
        style = not host.endswith(VIRTUAL_HOSTS)
    verify = _given.get('ssl_verify')
    if verify is None:
        verify = os.environ.get('S3_VERIFY_SSL', '1').lower() not in ('0', 'false')
    return Target(None, scheme, host, port, parts.path.rstrip('/'), ak, sk, token, _region(host), bool(style),
                  bool(verify), _first(AUTHORITIES), os.environ.get('MOX_FILE_PROXY') or None)


def _first(names: Any) -> Optional[str]:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _keys(stored: Dict[str, str]) -> Any:
    if _given.get('ak') and _given.get('sk'):
        return _given['ak'], _given['sk'], _given.get('security_token')
    for ak, sk, token in KEYS:
        if os.environ.get(ak) and os.environ.get(sk):
            return os.environ[ak], os.environ[sk], os.environ.get(token) or None
    return stored.get('access_key'), stored.get('secret_key'), None


def _region(host: str) -> str:
    labels = host.split('.')
    if labels[0] in ('obs', 's3') and len(labels) > 3:  # obs.cn-north-4.myhuaweicloud.com
        return labels[1]
    return _first(REGIONS) or 'us-east-1'


def _credentials() -> Dict[str, str]:
    """credentials.json of the data folder, where `ropeway` looks for it too; empty when there is none."""
    shared = os.environ.get('XDG_DATA_HOME') or os.path.join(os.path.expanduser('~'), '.local', 'share')
    path = os.path.join(os.environ.get('ROPEWAY_DATA') or os.path.join(shared, 'ropeway'), 'credentials.json')
    try:
        stamp = os.stat(path).st_mtime_ns
        if _files.get('path') != (path, stamp):
            with open(path, encoding='utf-8') as file:
                _files.update(path=(path, stamp), content=json.load(file))
        return _files['content']
    except (OSError, ValueError):
        return {}
