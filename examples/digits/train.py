"""Learns handwritten digits on every device of an Ascend rank table, with Python's standard library alone.

Softmax regression on 14 x 14 grey values, data parallel: rank r takes samples r, r+size, r+2*size, ... and the
gradients are summed over the ring. Who the peers are comes from the rank table alone (RANK_TABLE_FILE) and RANK_ID.
Without RANK_TABLE_FILE it trains as one process, on the same batches, to the same result.
"""
import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import time
from operator import mul

from rank_table import Failure, check_own_place, read_table
from ring import Alone, Ring

RECORD = 785            # one digit: its label, then 28 x 28 grey values
FEATURES = 14 * 14      # after averaging 2 x 2 pixels
CLASSES = 10
ROW = FEATURES + 1      # weights of one class, then its bias
MOMENTUM = 0.9


def is_remote(url):
    return url.startswith(('obs://', 's3://'))


# ---- data ----------------------------------------------------------------------------------------------------

def fetch(url, rank):
    """Returns (folder, is_temporary): `url` itself, or a download of it for this rank alone."""
    if not is_remote(url):
        return url, False
    import moxing as mox
    base = '/cache' if os.path.isdir('/cache') and os.access('/cache', os.W_OK) else None
    folder = tempfile.mkdtemp(prefix='digits-rank-%d-' % rank, dir=base)
    mox.file.copy_parallel(url, folder)
    return folder, True


def pooled(pixels):
    """28 x 28 bytes to 196 averages of 2 x 2 pixels, 0.0 to 1.0."""
    pairs = [a + b for a, b in zip(pixels[0::2], pixels[1::2])]
    return [(a + b) / 1020.0 for top in range(0, 392, 28) for a, b in zip(pairs[top:top + 14], pairs[top + 14:top + 28])]


def read_samples(folder, name, limit, rank, size):
    """Returns (own samples, number of all samples); a sample is (label, features). Own are rank, rank+size, ..."""
    path = os.path.join(folder, name)
    try:
        with open(path, 'rb') as file:
            data = file.read() if limit is None else file.read(limit * RECORD)
    except OSError as error:
        there = ', '.join(sorted(os.listdir(folder))[:10]) if os.path.isdir(folder) else 'no such folder'
        raise Failure('%s: %s (in %s: %s)' % (path, error.strerror, folder, there or 'nothing'))
    count = len(data) // RECORD
    if count == 0 or len(data) % RECORD or max(data[::RECORD]) >= CLASSES:
        raise Failure('%s: not a file of %d-byte digits' % (path, RECORD))
    return [(data[at], pooled(data[at + 1:at + RECORD]))
            for at in range(rank * RECORD, len(data), size * RECORD)], count


# ---- the model -----------------------------------------------------------------------------------------------

def scores(weights, features):
    return [sum(map(mul, row, features)) + row[FEATURES] for row in weights]


def gradient(weights, samples):
    """Sum over `samples` of the cross-entropy's gradient, flat, class by class; then the summed loss."""
    if not samples:
        return [0.0] * (CLASSES * ROW + 1)
    loss, errors = 0.0, []
    for label, features in samples:
        score = scores(weights, features)
        top = max(score)
        powers = [math.exp(value - top) for value in score]
        whole = sum(powers)
        loss += math.log(whole) - (score[label] - top)
        error = [power / whole for power in powers]
        error[label] -= 1.0
        errors.append(error)
    columns = list(zip(*[features for _, features in samples]))
    flat = []
    for by_sample in zip(*errors):
        flat.extend([sum(map(mul, by_sample, column)) for column in columns])
        flat.append(sum(by_sample))
    flat.append(loss)
    return flat


def train(ring, samples, count, args):
    """Returns (weights, one dict per epoch). A batch is the same set of samples whatever the number of ranks."""
    weights = [[0.0] * ROW for _ in range(CLASSES)]
    speed = [[0.0] * ROW for _ in range(CLASSES)]
    history = []
    for epoch in range(1, args.epochs + 1):
        started, loss = time.monotonic(), 0.0
        for begin in range(0, count, args.batch):
            end = min(begin + args.batch, count)
            # Own samples whose number in the whole file lies in begin..end.
            own = slice(*[(edge - ring.rank + ring.size - 1) // ring.size for edge in (begin, end)])
            total = ring.sum(gradient(weights, samples[own]))
            loss += total.pop()
            for index in range(CLASSES):
                slope = total[index * ROW:(index + 1) * ROW]
                speed[index] = [MOMENTUM * v + g / (end - begin) for v, g in zip(speed[index], slope)]
                weights[index] = [w - args.lr * v for w, v in zip(weights[index], speed[index])]
        seconds = time.monotonic() - started
        history.append({'epoch': epoch, 'loss': loss / count, 'seconds': round(seconds, 3)})
        if ring.rank == 0:
            print('rank 0: epoch %d loss %.4f (%d digits, %.1f s)' % (epoch, loss / count, count, seconds), flush=True)
    return weights, history


def accuracy(ring, weights, samples):
    """Share of right answers over the samples of all ranks."""
    right = 0
    for label, features in samples:
        score = scores(weights, features)
        right += score.index(max(score)) == label
    right, count = ring.sum([float(right), float(len(samples))])
    return right / count


def save(url, files):
    """Writes {name: text} into a local folder or below an object URL."""
    for name in sorted(files):
        target = url.rstrip('/') + '/' + name
        if is_remote(url):
            import moxing as mox
            mox.file.write(target, files[name])
        else:
            os.makedirs(url, exist_ok=True)
            with open(target, 'w') as file:
                file.write(files[name])


# ---- the process ---------------------------------------------------------------------------------------------

def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('--data_url', required=True, help='folder with train.bin and test.bin: obs://... or local')
    parser.add_argument('--train_url', help='where rank 0 writes model.json and metrics.json: obs://... or local')
    parser.add_argument('--epochs', type=positive, default=3)
    parser.add_argument('--batch', type=positive, default=256, help='digits per step over all ranks')
    parser.add_argument('--lr', type=float, default=0.5)
    parser.add_argument('--limit', type=positive, help='use only the first N digits of each file')
    parser.add_argument('--port_base', type=positive, default=29500, help='a rank listens on this + its device id')
    parser.add_argument('--connect_timeout', type=float, default=20, help='seconds until the ring must be closed')
    return parser.parse_known_args(argv)[0]


def join(rank, args, env):
    """The ring this process belongs to."""
    if not env.get('RANK_TABLE_FILE'):
        return Alone()
    peers, digest = read_table(env['RANK_TABLE_FILE'])
    check_own_place(peers, rank, env)
    if len(peers) == 1:
        return Alone()
    return Ring(peers, digest, rank, args.port_base, args.connect_timeout)


def run(ring, args):
    """Trains, measures, and lets rank 0 tell and write the result."""
    folder, temporary = fetch(args.data_url, ring.rank)
    try:
        train_samples, count = read_samples(folder, 'train.bin', args.limit, ring.rank, ring.size)
        test_samples, test_count = read_samples(folder, 'test.bin', args.limit, ring.rank, ring.size)
    finally:
        if temporary:
            shutil.rmtree(folder, ignore_errors=True)
    print('rank %d: %d of %d digits' % (ring.rank, len(train_samples), count), flush=True)
    weights, history = train(ring, train_samples, count, args)
    share = accuracy(ring, weights, test_samples)
    if ring.rank != 0:
        return
    print('accuracy: %.4f' % share, flush=True)
    if args.train_url:
        model = {'kind': 'softmax', 'pooling': 2, 'classes': CLASSES, 'features': FEATURES,
                 'weights': [row[:FEATURES] for row in weights], 'bias': [row[FEATURES] for row in weights]}
        metrics = {'accuracy': share, 'train_count': count, 'test_count': test_count, 'ranks': ring.size,
                   'batch': args.batch, 'lr': args.lr, 'epochs': history}
        save(args.train_url, {'model.json': json.dumps(model), 'metrics.json': json.dumps(metrics, indent=2) + '\n'})
        print('model written to %s' % args.train_url, flush=True)


def main(argv, env):
    args = parse(argv)
    rank_id = env.get('RANK_ID', '')
    if env.get('RANK_TABLE_FILE') and not rank_id.isdigit():
        print('rank ?: RANK_ID is %r, expected this process\'s number in the rank table' % rank_id, file=sys.stderr)
        return 1
    rank = int(rank_id) if env.get('RANK_TABLE_FILE') else 0
    ring = None
    try:
        ring = join(rank, args, env)
        run(ring, args)
        return 0
    except Failure as failure:
        print('rank %d: %s' % (rank, failure), file=sys.stderr, flush=True)
    except Exception as error:  # a store that answers no, a full disk: the rank must be named here, too
        print('rank %d: %s: %s' % (rank, type(error).__name__, error), file=sys.stderr, flush=True)
    finally:
        if ring is not None:
            ring.close()
    return 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:], os.environ))
