// Names that mean something, wherever they come up in an image.
import type { InstalledPackage } from './facts.ts'
import { baseName } from './links.ts'

const KIB = 1024

/** Bytes to be kept of files whose text matters, by whole path. */
const SMALL_FILES: ReadonlyMap<string, number> = new Map([
  ['/etc/passwd', 1024 * KIB],
  ['/etc/group', 1024 * KIB],
  ['/etc/os-release', 16 * KIB],
  ['/usr/lib/os-release', 16 * KIB],
  ['/home/work/run_train.sh', 64 * KIB],
])
const ASCEND_VERSION = /^(?:version|ascend_\w+_install)\.info$/

/** Bytes whose text matters; 0: none. */
export const smallFileSize = (path: string): number =>
  SMALL_FILES.get(path) ??
  (path.endsWith('.info') && path.includes('/Ascend/') && ASCEND_VERSION.test(baseName(path)) ? 16 * KIB : 0)

/** The dynamic loaders of glibc (`ld-linux-x86-64.so.2`, `ld-2.31.so`) and musl. */
export const isGlibc = (path: string): boolean => isLoader(path, /^ld-(?:linux.*|2\.\d+)\.so/)
export const isMusl = (path: string): boolean => isLoader(path, /^ld-musl-.+\.so/)

/** A name is looked at only where it can be one: there are a million others. */
const isLoader = (path: string, name: RegExp): boolean =>
  path.includes('/ld-') && path.includes('/lib') && name.test(baseName(path))

/** Tools that ModelArts puts into /home/work of its base images (ModelArts base images, generation 1). */
const TOOLS = new Set([
  'utils.sh',
  'ip_mapper.py',
  'get_cluster_ib_ip.py',
  'dls-downloader.py',
  'modelarts-downloader.py',
  'dls-decryptor',
  'dls-key-client',
  'dls-dns-fixer',
  'modelarts-pipe',
])

/** Such a tool's name, or null. */
export function toolOf(path: string): string | null {
  if (!path.startsWith('/home/work/')) return null
  const name = baseName(path)
  return path === `/home/work/${name}` && TOOLS.has(name) ? name : null
}

/** Packages whose versions belong together or to a chip. */
const PACKAGES = new Set(['torch', 'torch_npu', 'mindspore', 'tensorflow', 'npu_bridge', 'torchvision'])
const DIST_INFO =
  /^(.*\/(?:site|dist)-packages\/([A-Za-z0-9_.]+)-(\d[^/-]*)(?:-[^/]*)?\.(?:dist|egg)-info)(?:\/|$)/

/** One of them with its version, from the name of its dist-info (PEP 376). */
export function packageOf(path: string): InstalledPackage | null {
  if (!path.includes('-info')) return null
  const [, folder = '', name = '', version = ''] = DIST_INFO.exec(path) ?? []
  return PACKAGES.has(name.toLowerCase()) ? { name: name.toLowerCase(), version, path: folder } : null
}

/** libcuda.so.535.104.05, libnvidia-ml.so.1 … belong to the kernel module of a host; stubs to link against do not. */
const NVIDIA_LIBRARY =
  /\/lib(?:cuda|nvcuvid|nvidia-(?:ml|cfg|encode|opencl|ptxjitcompiler|fatbinaryloader|glcore))\.so\.\d[\d.]*$/
const NVIDIA_OTHER = /\/(?:nvidia-smi|nvidia-persistenced|nvidia(?:-uvm|-modeset|-drm)?\.ko(?:\.\w+)?)$/

/** Whose driver a file is part of: of files that a driver brings to a host, and an image must not have. */
export function driverOf(path: string): 'nvidia' | 'ascend' | null {
  if (path.startsWith('/usr/local/Ascend/driver/')) return 'ascend'
  if (/\/(?:stubs|compat)\//.test(path)) return null
  return NVIDIA_LIBRARY.test(path) || NVIDIA_OTHER.test(path) ? 'nvidia' : null
}
