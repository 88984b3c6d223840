// The launcher as one file: `node container/bundle.ts [OUT]`, default build/launcher.js.
// CommonJS, because it starts a little faster; commands load their parts lazily all the same.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
/** Bundles src/launcher/main.ts of the package at `root`; returns the program's text. Needs esbuild. */
export async function bundleLauncher(root) {
    const { build } = await import('esbuild');
    const result = await build({
        entryPoints: [join(root, 'src/launcher/main.ts')],
        bundle: true,
        write: false,
        platform: 'node',
        target: 'node24',
        format: 'cjs',
        legalComments: 'none',
        logLevel: 'silent',
    });
    const [file] = result.outputFiles;
    if (!file)
        throw new Error('esbuild gave no file for src/launcher/main.ts');
    return file.text;
}
if (import.meta.main) {
    const root = dirname(import.meta.dirname);
    const out = process.argv[2] ?? join(root, 'build/launcher.js');
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, await bundleLauncher(root));
}
