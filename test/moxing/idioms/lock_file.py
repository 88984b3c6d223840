"""Rank 0 of each host fetches the data, the others wait for a file; device 0 uploads. As model zoos write it."""
import argparse
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument('--data_url')
parser.add_argument('--train_url')
parser.add_argument('--cache')
args, _ = parser.parse_known_args()
device_id = int(os.getenv('DEVICE_ID', '0'))
device_num = int(os.getenv('RANK_SIZE', '1'))


def sync_data(from_path, to_path, threads=128):
    import moxing as mox
    sync_lock = os.path.join(args.cache, 'copy_sync.lock0')
    if device_id % min(device_num, 8) == 0 and not os.path.exists(sync_lock):
        mox.file.copy_parallel(from_path, to_path, threads=threads)
        try:
            os.mknod(sync_lock)
        except IOError:
            pass
    while True:
        if os.path.exists(sync_lock):
            break
        time.sleep(0.02)


data = os.path.join(args.cache, 'data')
output = os.path.join(args.cache, 'output')
sync_data(args.data_url, data)
found = sorted(os.listdir(os.path.join(data, 'train')))
os.makedirs(output, exist_ok=True)
with open(os.path.join(output, 'seen-by-%d' % device_id), 'w') as f:
    f.write(' '.join(found))
with open(os.path.join(args.cache, 'done-%d' % device_id), 'w'):
    pass
if device_id == 0:
    import moxing as mox
    while len([name for name in os.listdir(args.cache) if name.startswith('done-')]) < device_num:
        time.sleep(0.02)
    if not mox.file.exists(args.train_url):
        mox.file.make_dirs(args.train_url)
    mox.file.copy_parallel(output, args.train_url)
print('device', device_id, 'saw', len(found), 'files')
