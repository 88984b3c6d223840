// The launcher for tasks: `node container/bundle.ts [FOLDER]`, default build/. launcher.js, and parts that most starts do
// not need, each loaded when it is wanted. CommonJS, because it starts a little faster.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Plugin } from 'esbuild'
import { LAUNCHER_FILES, LAUNCHER_PARTS } from './launcher-files.ts'

/** Leaves a late import of a part to the running program and points it at the file beside it. */
const apart: Plugin = {
  name: 'apart',
  setup(build) {
    build.onResolve({ filter: new RegExp(`/(${LAUNCHER_PARTS.join('|')})\\.ts$`) }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: path.replace(/\.ts$/, '.js'), external: true } : undefined,
    )
  },
}

/** Bundles the launcher of the package at `root`; returns the text of each file. Needs esbuild. */
export async function bundleLauncher(root: string): Promise<Record<(typeof LAUNCHER_FILES)[number], string>> {
  const { build } = await import('esbuild')
  const result = await build({
    entryPoints: {
      launcher: join(root, 'src/launcher/main.ts'),
      ...Object.fromEntries(LAUNCHER_PARTS.map((name) => [name, join(root, `src/launcher/${name}.ts`)])),
    },
    outdir: 'out',
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [apart],
  })
  const text = (name: string) => {
    const file = result.outputFiles.find(({ path }) => path.endsWith(`/${name}`))
    if (!file) throw new Error(`esbuild gave no ${name}`)
    return file.text
  }
  return Object.fromEntries(LAUNCHER_FILES.map((name) => [name, text(name)])) as Record<
    (typeof LAUNCHER_FILES)[number],
    string
  >
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(dirname(import.meta.dirname), 'build')
  await mkdir(folder, { recursive: true })
  const files = await bundleLauncher(dirname(import.meta.dirname))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
