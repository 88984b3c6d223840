// The launcher for tasks: `node container/bundle.ts [FOLDER]`, default build/. Two files: launcher.js, and what moves
// objects, which is only loaded when one moves. CommonJS, because it starts a little faster.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Plugin } from 'esbuild'

/** Names of the files, both in one folder. */
export const LAUNCHER_FILES = ['launcher.js', 'object-transfer.js'] as const

/** Leaves `import('./object-transfer.ts')` to the program's start and points it at the file beside it. */
const apart: Plugin = {
  name: 'apart',
  setup(build) {
    build.onResolve({ filter: /\/object-transfer\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './object-transfer.js', external: true } : undefined,
    )
  },
}

/** Bundles the launcher of the package at `root`; returns the text of each file. Needs esbuild. */
export async function bundleLauncher(root: string): Promise<Record<(typeof LAUNCHER_FILES)[number], string>> {
  const { build } = await import('esbuild')
  const result = await build({
    entryPoints: {
      launcher: join(root, 'src/launcher/main.ts'),
      'object-transfer': join(root, 'src/launcher/object-transfer.ts'),
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
  return { 'launcher.js': text('launcher.js'), 'object-transfer.js': text('object-transfer.js') }
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(dirname(import.meta.dirname), 'build')
  await mkdir(folder, { recursive: true })
  const files = await bundleLauncher(dirname(import.meta.dirname))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
