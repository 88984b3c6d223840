// The digits example with its data and its model in the object store, as `--data_url` and `--train_url` of a job.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { convertDigits } from '../../examples/digits/convert.ts'
import { startObjects } from './objects.ts'
import { MOXING, plainPython, python } from './python.ts'

const TRAIN = join(import.meta.dirname, '..', '..', 'examples', 'digits', 'train.py')

test('digits are learnt from obs:// and the model is written to obs://', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'mox-'))
  const objects = await startObjects(dir, ['training-bucket'])
  try {
    const env = { ROPEWAY_TASK_SOCKET: objects.socket, TMPDIR: dir }
    await convertDigits(join(dir, 'data'))
    const up = await python(
      `f.copy_parallel(${JSON.stringify(join(dir, 'data'))}, 'obs://training-bucket/digits/data/')`,
      { env },
    )
    assert.equal(up.code, 0, up.stderr)

    const args = [
      '--data_url=obs://training-bucket/digits/data/',
      '--train_url=obs://training-bucket/model/',
      '--epochs=1',
      '--limit=2000',
      '--unknown=1',
    ]
    const script = `import runpy, sys\nsys.argv = ${JSON.stringify(['train.py', ...args])}\nrunpy.run_path(${JSON.stringify(TRAIN)}, run_name='__main__')`
    const path = `${join(TRAIN, '..')}:${MOXING}`
    const ended = await plainPython(script, { env: { ...env, PYTHONPATH: path } })
    assert.equal(ended.code, 0, ended.stderr)
    assert.match(ended.stdout, /^accuracy: 0\.\d{4}\nmodel written to obs:\/\/training-bucket\/model\/\n$/m)

    const written = await python(
      `
model = json.loads(f.read('obs://training-bucket/model/model.json'))
print(f.list_directory('obs://training-bucket/model'), len(model['weights']), len(model['weights'][0]), len(model['bias']))
print([name for name in os.listdir(${JSON.stringify(dir)}) if name.startswith('digits-rank')])`,
      { env },
    )
    assert.equal(written.stdout, "['metrics.json', 'model.json'] 10 196 10\n[]\n")

    const missing = await plainPython(script.replace('/digits/data/', '/nothing/'), {
      env: { ...env, PYTHONPATH: path },
    })
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /^rank 0: .*train\.bin: No such file.*: nothing\)$/m)
  } finally {
    await objects.stop()
    await rm(dir, { recursive: true, force: true })
  }
})
