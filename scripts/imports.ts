// Reads source files and what they import, for the test that holds them to docs/architecture.md.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const SRC = join(ROOT, 'src')

/** `target` is a path relative to src when `local`, else the name of a package or of a part of Node. */
export type Import = { readonly target: string; readonly local: boolean; readonly typeOnly: boolean }
/** `name` is a path relative to src: `job/phase.ts`, `../container/bundle.ts`. */
export type Source = { readonly name: string; readonly text: string; readonly imports: readonly Import[] }

/** Takes comments out and keeps line ends, so that prose about a rule does not break the rule. */
export const withoutComments = (text: string): string =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/[^\n]*/g, '$1')

const IMPORTS =
  /\b(?:import|export)\s+(type\s+)?([\w$*\s{},]*?)\s*\bfrom\s*['"]([^'"]+)['"]|\bimport\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** Every import and re-export of a file called `name` (relative to src). */
export function parseImports(name: string, text: string): Import[] {
  return [...withoutComments(text).matchAll(IMPORTS)].map(([, type, names = '', from, bare, dynamic]) => {
    const specifier = from ?? bare ?? dynamic ?? ''
    const members = names
      .replace(/[{}]/g, '')
      .split(',')
      .filter((member) => member.trim() !== '')
    const onlyTypes =
      names.startsWith('{') && members.length > 0 && members.every((member) => /^\s*type\s/.test(member))
    const local = specifier.startsWith('.')
    const target = local ? relative(SRC, resolve(SRC, dirname(name), specifier)) : specifier
    return { target, local, typeOnly: type !== undefined || onlyTypes }
  })
}

/** Files that match the patterns, relative to the repository, in a stable order. */
export function readSources(...patterns: string[]): Source[] {
  const files = globSync(patterns, { cwd: ROOT, exclude: ['**/node_modules/**'] }).sort()
  return files.map((file) => {
    const name = relative(SRC, join(ROOT, file))
    const text = readFileSync(join(ROOT, file), 'utf8')
    return { name, text, imports: parseImports(name, text) }
  })
}
