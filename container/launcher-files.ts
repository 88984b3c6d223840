// The files that the launcher is bundled into.

/** Modules of src/launcher that are imported late, and become files of their own. */
export const LAUNCHER_PARTS = ['object-transfer', 's3-endpoint'] as const

/** Names of the files, all in one folder. */
export const LAUNCHER_FILES = ['launcher.js', ...LAUNCHER_PARTS.map((name) => `${name}.js` as const)] as const
