import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownCommand } from './exec-record.ts'

const CASES: [string, string[], string[], string][] = [
  ['no words are a shell', [], [], 'a shell'],
  ['plain words stand as they are', ['ls', '-l', '/cache'], [], 'ls -l /cache'],
  ['a word with spaces is told from two words', ['sh', '-c', 'cat; exit 3'], [], 'sh -c "cat; exit 3"'],
  ['an empty word can be seen', ['echo', ''], [], 'echo ""'],
  ['quotes inside do not end a word', ['echo', 'a "b"'], [], 'echo "a \\"b\\""'],
  ['control characters can be seen and do nothing', ['a\u001b[2J\nb'], [], '"a\\u{1b}[2J\\u{a}b"'],
  ['a text cannot be turned around', ['a\u202eb'], [], '"a\\u{202e}b"'],
  ['a secret is masked', ['curl', '-H', 'X: hunter2'], ['hunter2'], 'curl -H "X: ******"'],
  [
    'a secret that begins another one hides both',
    ['x', 'hunter22-more'],
    ['hunter2', 'hunter22-more'],
    'x ******',
  ],
  [
    'a secret with spaces is masked when it came as words',
    ['echo', 'two', 'words'],
    ['two words'],
    'echo ******',
  ],
  ['a secret with line ends is masked', ['echo', 'a\nb'], ['a\nb'], 'echo ******'],
  ['a secret with quotes is masked', ['echo', 'a "b"'], ['a "b"'], 'echo ******'],
  ['an empty secret masks nothing', ['ls'], [''], 'ls'],
]

for (const [title, words, secrets, expected] of CASES)
  test(title, () => assert.equal(shownCommand(words, secrets), expected))

test('a long command is cut between characters', () => {
  assert.equal(shownCommand(['😀'.repeat(300)], []), `${'😀'.repeat(200)}…`)
})
