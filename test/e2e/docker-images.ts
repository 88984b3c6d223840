// Images for end-to-end tests, made from this machine's own files: nothing is pulled.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { busyboxFiles, type ImageFile, importImage } from '../engines/images.ts'

const LIBRARY = '/usr/lib/python3.11'
const SKIPPED =
  /\/(__pycache__|config-[^/]*|test|lib2to3|pydoc_data|dist-packages|ensurepip|idlelib|tkinter)(\/|$)/

/** bash, Python with its standard library, and what they link to: 20 MB, glibc, no package manager. */
export async function importPythonImage(
  docker: Docker,
  name: string,
  options: { readonly more?: readonly ImageFile[]; readonly changes?: readonly string[] } = {},
): Promise<void> {
  const programs = ['/usr/bin/python3.11', '/usr/bin/bash']
  const library = filesBelow(LIBRARY)
  const linked = librariesOf([...programs, ...library.filter((path) => path.endsWith('.so'))])
  const loader = linked.find((path) => path.startsWith('/lib64/')) ?? ''
  const copy = (path: string, mode = 0o644): ImageFile => ({
    path: path.slice(1),
    content: readFileSync(realpathSync(path)),
    mode,
  })
  const files = [
    ...(await busyboxFiles()),
    ...programs.map((path) => copy(path, 0o755)),
    ...library.map((path) => copy(path)),
    ...linked.map((path) => copy(path, path === loader ? 0o755 : 0o644)),
    { path: 'bin/bash', link: '/usr/bin/bash' },
    { path: 'usr/bin/python3', link: 'python3.11' },
    { path: 'usr/bin/python', link: 'python3.11' },
    { path: 'etc/nsswitch.conf', content: 'hosts: files dns\n' },
    ...(options.more ?? []),
  ]
  await importImage(docker, name, files, options.changes)
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !SKIPPED.test(path))
}

/** What the loader would load, by the names programs ask for. */
function librariesOf(paths: readonly string[]): string[] {
  const text = execFileSync('ldd', [...paths], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const found = [...text.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map((match) => match[1] ?? '')
  return [
    ...new Set([...found, '/lib/x86_64-linux-gnu/libnss_files.so.2'].filter((path) => path.includes('/lib'))),
  ]
}
