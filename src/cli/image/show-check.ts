// Findings as people read them: by place, what is wrong first, with what to do about it.
import type { CheckPlace, FindingLevel, ImageFinding, ImageSummary } from '../../api/image-check.ts'
import { formatFields, formatSize } from '../table.ts'
import { visible, widthOf } from '../terminal-text.ts'

export type ShowOptions = { readonly colours: boolean; readonly columns: number }

const PLACES: readonly (readonly [place: CheckPlace, title: string])[] = [
  ['here', 'Here'],
  ['modelarts-1', 'ModelArts, generation 1 (/home/work, uid 1101)'],
  ['modelarts-2', 'ModelArts, generation 2 (/home/ma-user, uid 1000)'],
]

const LEVELS: readonly FindingLevel[] = ['error', 'warning', 'ok']
/** SGR codes: red, yellow, green. */
const COLOURS: Readonly<Record<FindingLevel, number>> = { error: 31, warning: 33, ok: 32 }
const LEVEL_WIDTH = 9
const MOST_COLUMNS = 120

/** The whole report. Text of the image is made safe to look at. */
export function showCheck(
  summary: ImageSummary,
  findings: readonly ImageFinding[],
  options: ShowOptions,
): string {
  const ruleWidth = Math.max(0, ...findings.map(({ rule }) => rule.length)) + 2
  const groups = PLACES.flatMap(([place, title]) => {
    const own = findings.filter(({ applies }) => applies === place)
    if (own.length === 0) return []
    const sorted = LEVELS.flatMap((level) => own.filter((finding) => finding.level === level))
    const lines = sorted.map((finding) => showFinding(finding, ruleWidth, options))
    return [`\n${title}: ${countsOf(own)}\n${lines.join('')}`]
  })
  return `${showSummary(summary)}${groups.join('')}`
}

function showSummary(summary: ImageSummary): string {
  const versions = (list: readonly { name: string; version: string }[]): string =>
    list.map(({ name, version }) => `${name} ${version}`).join(', ')
  const python = summary.python.map(({ path, version }) => (version === null ? path : `${path} ${version}`))
  return formatFields([
    ['image', summary.image],
    ['digest', summary.digest],
    ['made for', [`${summary.os}/${summary.architecture}`, summary.system].filter(Boolean).join(', ')],
    ['size', `${formatSize(summary.size_bytes)}, ${summary.layers} layers, ${summary.files} files`],
    ['python', python.join(', ')],
    ['packages', versions(summary.packages)],
    ['CANN', versions(summary.cann.map(({ component, version }) => ({ name: component, version })))],
  ])
}

function countsOf(findings: readonly ImageFinding[]): string {
  const count = (level: FindingLevel): number => findings.filter((finding) => finding.level === level).length
  const many = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`
  return `${many(count('error'), 'error')}, ${many(count('warning'), 'warning')}`
}

function showFinding(
  { level, rule, message, advice, source }: ImageFinding,
  ruleWidth: number,
  { colours, columns }: ShowOptions,
): string {
  const indent = LEVEL_WIDTH + ruleWidth + 2
  const width = Math.max(30, Math.min(columns, MOST_COLUMNS) - indent)
  const label = level.padEnd(LEVEL_WIDTH)
  const painted = colours ? `\x1b[${COLOURS[level]}m${label}\x1b[0m` : label
  const text = [
    ...wrap(visible(message), width),
    ...(advice === '' ? [] : wrap(`→ ${visible(advice)}`, width)),
    ...(level === 'ok' ? [] : wrap(`(${visible(source)})`, width)),
  ]
  return text
    .map((line, index) =>
      index === 0
        ? `  ${painted}${visible(rule).padEnd(ruleWidth)}${line}\n`
        : `${' '.repeat(indent)}${line}\n`,
    )
    .join('')
}

/** Lines of at most `width` columns, broken at blanks; a word that is longer stays whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
