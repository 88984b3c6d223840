import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageFinding, ImageSummary } from '../../api/image-check.ts'
import { showCheck } from './show-check.ts'

const SUMMARY: ImageSummary = {
  image: 'train:1',
  id: 'sha256:a',
  digest: 'sha256:b',
  architecture: 'amd64',
  os: 'linux',
  system: 'Debian \u001b[31m12',
  size_bytes: 3 * 2 ** 20,
  layers: 2,
  created: '',
  user: '',
  entrypoint: [],
  working_dir: '',
  files: 17,
  file_bytes: 1,
  libc: [],
  shell: null,
  python: [{ path: '/usr/bin/python', version: '3.11' }],
  packages: [],
  cann: [{ component: 'nnrt', version: '7.0' }],
}

const finding = (
  level: ImageFinding['level'],
  applies: ImageFinding['applies'],
  message: string,
): ImageFinding => ({
  level,
  rule: 'shell',
  applies,
  message,
  advice: level === 'ok' ? '' : 'Do something.',
  source: 'Somewhere: there',
})

const FINDINGS = [
  finding('ok', 'here', 'fine'),
  finding('warning', 'here', 'odd \u001b[2J'),
  finding('error', 'modelarts-2', 'word '.repeat(40).trim()),
  finding('error', 'here', 'bad'),
]

test('findings stand by place, the worst first, with what to do and whose rule it is', () => {
  assert.equal(
    showCheck(
      SUMMARY,
      FINDINGS.filter(({ applies }) => applies === 'here'),
      { colours: false, columns: 80 },
    ),
    `image:    train:1
digest:   sha256:b
made for: linux/amd64, Debian \\x1b[31m12
size:     3.0 MiB, 2 layers, 17 files
python:   /usr/bin/python 3.11
CANN:     nnrt 7.0

Here: 1 error, 1 warning
  error    shell  bad
                  → Do something.
                  (Somewhere: there)
  warning  shell  odd \\x1b[2J
                  → Do something.
                  (Somewhere: there)
  ok       shell  fine
`,
  )
})

test('long lines are broken at the width of the terminal', () => {
  const text = showCheck(SUMMARY, FINDINGS, { colours: false, columns: 60 })
  const lines = text.slice(text.indexOf('ModelArts')).split('\n')
  assert.match(lines[0] ?? '', /^ModelArts, generation 2 .*: 1 error, 0 warnings$/)
  assert.ok(lines.slice(1).every((line) => line.length <= 60))
  assert.equal(lines.filter((line) => line.includes('word')).length, 5)
})

test('levels are coloured where colours are wanted, and nothing else is', () => {
  const text = showCheck(SUMMARY, FINDINGS, { colours: true, columns: 80 })
  assert.ok(text.includes('\x1b[31merror    \x1b[0mshell'))
  assert.ok(text.includes('\x1b[33mwarning  \x1b[0mshell'))
  assert.equal(text.split('\x1b').length, 1 + 2 * FINDINGS.length)
})
