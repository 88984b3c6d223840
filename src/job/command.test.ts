import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generationOf, losesArguments, runTrainArguments, splitCommand, taskCommandOf } from './command.ts'

const DOCUMENT =
  "/bin/bash /home/work/run_train.sh 'obs://training-bucket/ascend-tf-1.15/resnet50/' 'resnet50/train.py' '/tmp/log/train.log' --'data_url'='obs://training-bucket/cifar-10/' --'train_url'='obs://training-bucket/model/'"

describe('a command is split as sh would split it', () => {
  const cases: [title: string, command: string, words: string[], plain: boolean][] = [
    ['plain words', 'python train.py --lr 0.1', ['python', 'train.py', '--lr', '0.1'], true],
    ['single quotes keep everything', `echo 'a $b | c "d"'`, ['echo', 'a $b | c "d"'], true],
    ['double quotes keep blanks', 'echo "a b" c', ['echo', 'a b', 'c'], true],
    ['quotes inside a word join', `--'data_url'='obs://b/k/'`, ['--data_url=obs://b/k/'], true],
    ['a backslash keeps the next character', 'echo a\\ b \\$x', ['echo', 'a b', '$x'], true],
    ['an escaped quote inside double quotes', 'echo "a\\"b"', ['echo', 'a"b'], true],
    ['an empty argument stays one', `echo '' x`, ['echo', '', 'x'], true],
    ['a variable needs a shell', 'echo $HOME', ['echo'], false],
    ['a variable in double quotes needs a shell', 'echo "$HOME"', ['echo'], false],
    ['a chain needs a shell', 'cd /x && python a.py', ['cd', '/x'], false],
    ['a pipe without blanks needs a shell', 'a|b', [], false],
    ['two lines need a shell', 'a\nb', [], false],
    ['an assignment before the program needs a shell', 'A=1 python x.py', [], false],
    ['an equals sign later does not', 'python x.py --a=1', ['python', 'x.py', '--a=1'], true],
    ['an open quote needs a shell, which will complain', `echo 'a`, ['echo'], false],
    ['a word that only a shell knows', 'exec python train.py', ['exec', 'python', 'train.py'], false],
    ['nothing at all', '   ', [], false],
  ]
  for (const [title, command, words, plain] of cases) {
    it(title, () => assert.deepEqual(splitCommand(command), { words, plain }))
  }
})

it("the document's command runs without a shell, its quotes gone", () => {
  assert.deepEqual(taskCommandOf(DOCUMENT, []), {
    mode: 'exec',
    argv: [
      '/bin/bash',
      '/home/work/run_train.sh',
      'obs://training-bucket/ascend-tf-1.15/resnet50/',
      'resnet50/train.py',
      '/tmp/log/train.log',
      '--data_url=obs://training-bucket/cifar-10/',
      '--train_url=obs://training-bucket/model/',
    ],
  })
})

it('parameters are arguments, never text of a shell command', () => {
  assert.deepEqual(taskCommandOf('cd /x && python a.py', ["--a='; rm -rf /"]), {
    mode: 'shell',
    command: 'cd /x && python a.py',
    args: ["--a='; rm -rf /"],
  })
})

describe('generation 1 is a command that calls run_train.sh', () => {
  const cases: [command: string, generation: 1 | 2][] = [
    [DOCUMENT, 1],
    ['/home/work/run_train.sh obs://b/c/ c/t.py /tmp/l', 1],
    ['bash /home/work/run_train.sh python x.py', 1],
    ['sh "/home/work/run_train.sh" $URL c/t.py', 1],
    ['bash -x /home/work/run_train.sh', 2],
    ['python /home/work/run_train.sh', 2],
    ['cd /home && bash /home/work/run_train.sh', 2],
    ['', 2],
  ]
  for (const [command, generation] of cases)
    it(JSON.stringify(command), () => assert.equal(generationOf(command), generation))
  it('its arguments are what follows', () =>
    assert.equal(runTrainArguments(DOCUMENT)?.[1], 'resnet50/train.py'))
})

describe('a shell command that cannot take appended arguments is recognised', () => {
  const cases: [command: string, loses: boolean][] = [
    ['echo a;', true],
    ['python x.py &', true],
    ['for i in 1 2; do echo $i; done', true],
    ['(cd /x && python a.py)', true],
    ['if true; then a; fi ', true],
    ['echo a # comment', true],
    ['python a.py "$@"', true],
    ['cd /x && python train.py', false],
    ['A=1 python undone', false],
    ['python train.py --done', false],
  ]
  for (const [command, loses] of cases)
    it(JSON.stringify(command), () => assert.equal(losesArguments(command), loses))
})
