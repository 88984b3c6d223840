"""Every way in which scripts import the file API, and what they do with it first."""
import json
import sys

try:
    import moxing.pytorch as mox
    from moxing.framework import file
    from moxing.framework import file as CloudAPI
    import moxing.framework.file
    import moxing.framework.file.file_io as file_io
    from moxing.framework.file.file_io import make_dirs
    import moxing.tensorflow
    import moxing.mxnet
except ModuleNotFoundError as error:
    sys.exit(str(error))

url = sys.argv[1]
assert file is CloudAPI is mox.file is moxing.framework.file is moxing.file
assert file_io is mox.file.file_io and make_dirs is mox.file.make_dirs
moxing.framework.util.runtime.reset_logger()
if not file.exists(url + '/modules'):
    file.mk_dir(url + '/modules')
file.write(url + '/modules/hello_world.txt', 'Hello World!')
file.append(url + '/modules/hello_world.txt', '\nend of file.')
file.append(url + '/modules/new.bin', b'\x00', binary=True)
file.append_remote(url + '/modules/new.bin', url + '/modules/hello_world.txt')
stat = file.stat(url + '/modules/hello_world.txt')
try:
    file.stat(url + '/not_exists')
except file.MoxFileNotExistsException as e:
    missing = e.resp.status
try:
    file.read(url + '/xxx')
except file.MoxFileRespException as e:
    refused = e.resp.errorCode
images = [x.path for x in file.scan_dir(url + '/modules') if x.name.endswith('.txt')]
print(json.dumps([stat.length, stat.is_directory, stat.mtime_nsec > 10 ** 18, missing, refused,
                  [image[len(url):] for image in images], file.read(url + '/modules/hello_world.txt'),
                  [found[len(url):] for found in file.glob(url + '/*/*.bin')]]))
