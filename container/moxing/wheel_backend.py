"""Builds the wheel `ropeway-moxing`: `python3 wheel_backend.py FOLDER`, or `pip install container/moxing`.

Only the standard library, no network, and the same bytes from the same source: files are stored in order, uncompressed,
with one date. The name is ours because `moxing` on PyPI is something unrelated.
"""
import base64
import hashlib
import io
import os
import re
import sys
import tarfile
import zipfile

NAME = 'ropeway-moxing'
HERE = os.path.dirname(os.path.abspath(__file__))
METADATA = """Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: The file API of MoXing for local files, OBS and S3
License: Apache-2.0
Requires-Python: >=3.6
Classifier: Programming Language :: Python :: 3
Classifier: Operating System :: POSIX :: Linux
Classifier: Typing :: Typed
"""
WHEEL = """Wheel-Version: 1.0
Generator: wheel_backend
Root-Is-Purelib: true
Tag: py3-none-any
"""
DATE = (1980, 1, 1, 0, 0, 0)


def version():
    with open(os.path.join(HERE, 'moxing', '__init__.py'), encoding='utf-8') as file:
        return re.search(r"__version__ = '([^']+)'", file.read()).group(1)


def sources():
    """Yields (name in the archive, bytes) of the package."""
    for folder, folders, names in os.walk(os.path.join(HERE, 'moxing')):
        folders[:] = sorted(name for name in folders if name != '__pycache__')
        for name in sorted(names):
            if name.endswith(('.py', 'py.typed')):
                path = os.path.join(folder, name)
                with open(path, 'rb') as file:
                    yield os.path.relpath(path, HERE).replace(os.sep, '/'), file.read()


def stem():
    return '%s-%s' % (NAME.replace('-', '_'), version())


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    info = stem() + '.dist-info/'
    files = list(sources())
    files.append((info + 'METADATA', METADATA.format(name=NAME, version=version()).encode('utf-8')))
    files.append((info + 'WHEEL', WHEEL.encode('utf-8')))
    record = ''
    for name, content in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode('ascii')
        record += '%s,sha256=%s,%d\n' % (name, digest, len(content))
    files.append((info + 'RECORD', (record + info + 'RECORD,,\n').encode('utf-8')))
    result = stem() + '-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(wheel_directory, result), 'w', zipfile.ZIP_STORED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, DATE)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return result


def build_sdist(sdist_directory, config_settings=None):
    result = stem() + '.tar.gz'
    files = list(sources())
    for name in ('pyproject.toml', 'wheel_backend.py'):
        with open(os.path.join(HERE, name), 'rb') as file:
            files.append((name, file.read()))
    files.append(('PKG-INFO', METADATA.format(name=NAME, version=version()).encode('utf-8')))
    with tarfile.open(os.path.join(sdist_directory, result), 'w:gz') as archive:
        for name, content in files:
            entry = tarfile.TarInfo(stem() + '/' + name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return result


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('usage: python3 wheel_backend.py FOLDER')
    os.makedirs(sys.argv[1], exist_ok=True)
    print(os.path.join(sys.argv[1], build_wheel(sys.argv[1])))
