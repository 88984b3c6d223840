"""Checkpoints pushed from a callback, a log that goes to the store, the newest checkpoint found again and resumed."""
import json
import logging
import os
import pickle
import sys

os.environ['MOX_SILENT_MODE'] = '1'
os.environ['MOX_FILE_LARGE_FILE_METHOD'] = '1'
import moxing as mox  # noqa: E402

mox.file.set_auth(is_secure=False, retry=20, retry_wait=0.1)
from moxing.framework.file import file_io  # noqa: E402

file_io._NUMBER_OF_PROCESSES = 1
file_io._LARGE_FILE_TASK_NUM = 1
file_io._USE_MEMARTS = False

train_url, local = sys.argv[1:]
assert file_io._LARGE_FILE_METHOD == 1

stream = mox.file.File(os.path.join(train_url, 'logs/train.log'), 'w')
logging.basicConfig(level=logging.INFO, stream=stream, format='%(message)s')


class CheckpointCallback(object):
    def epoch_end(self, epoch):
        path = os.path.join(local, 'ckpt', 'net-%d_100.ckpt' % epoch)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            pickle.dump({'epoch': epoch, 'weights': [0.5] * 10000}, f)
        mox.file.copy_parallel(os.path.join(local, 'ckpt'), os.path.join(train_url, 'ckpt'),
                               threads=0, is_processing=False)
        logging.info('epoch %d saved', epoch)


callback = CheckpointCallback()
for epoch in range(1, 4):
    callback.epoch_end(epoch)
stream.close()

names = [name for name in mox.file.list_directory(os.path.join(train_url, 'ckpt'), recursive=False)
         if name.endswith('.ckpt')]
newest = sorted(names, key=lambda name: int(name.split('-')[1].split('_')[0]))[-1]
mox.file.copy_parallel(src_url=os.path.join(train_url, 'ckpt', newest), dst_url=os.path.join(local, 'resume', newest))
with open(os.path.join(local, 'resume', newest), 'rb') as f:
    resumed = pickle.load(f)
with mox.file.File(os.path.join(train_url, 'ckpt', newest), 'rb') as f:
    streamed = pickle.load(f)
with mox.file.File(train_url + '/train_configs.txt', 'w') as f:
    f.write(str({'lr': 0.1}))
print(json.dumps([names, resumed['epoch'], streamed == resumed, mox.file.read(train_url + '/logs/train.log').split('\n'),
                  mox.file.read(train_url + '/train_configs.txt'), mox.file.get_size(train_url + '/ckpt')]))
