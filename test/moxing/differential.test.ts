// moxing.file in the store beside moxing.file on this machine, over random operations; test/long does more of them.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { MOXING, plainPython, pythons } from './python.ts'
import { MOVERS, Scripts } from './scripts.ts'

const PROGRAM = join(import.meta.dirname, 'differential.py')

for (const mover of MOVERS)
  describe(`files moved by the ${mover}`, () => {
    let scripts: Scripts
    before(async () => {
      scripts = await Scripts.open(mover)
    })
    after(async () => await scripts[Symbol.asyncDispose]())

    const walk = async (name: string, seed: number, steps: number, interpreter?: string) => {
      const args = [PROGRAM, `obs://box/${name}`, join(scripts.dir, name), String(seed), String(steps)]
      const script = `import runpy, sys\nsys.argv = ${JSON.stringify(args)}\nrunpy.run_path(${JSON.stringify(PROGRAM)}, run_name='__main__')`
      const ended = await plainPython(script, {
        env: { ...scripts.environment, PYTHONPATH: MOXING },
        ...(interpreter === undefined ? {} : { interpreter }),
      })
      assert.equal(ended.code, 0, `${ended.stdout}\n${ended.stderr}`)
      assert.match(ended.stdout, /steps are equal\n$/)
    }

    for (const seed of [1, 2])
      test(`a folder in the store behaves as one on this machine (seed ${seed})`, async () =>
        await walk(`seed-${seed}`, seed, 120))

    // Every Python of this machine, each with one of the two.
    for (const [at, interpreter] of pythons().entries())
      if ((at % 2 === 0) === (mover === 'launcher'))
        test(`the same with ${interpreter}`, async () => await walk(`python-${at}`, 40 + at, 40, interpreter))
  })
