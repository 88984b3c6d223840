// Paths inside an image: cleaned of what an archive may bring, and followed through its links. Nothing here touches a
// disk, so a link can lead nowhere but to another name of the image.

/** Linux follows as many (path_resolution(7)). */
const MOST_LINKS = 40
/** PATH_MAX of Linux. */
const LONGEST_PATH = 4096

/** An archive's name as a path from the root, `/` for the root itself; null for one no file can have. */
export function cleanPath(name: string): string | null {
  if (name.length > LONGEST_PATH || name.includes('\0')) return null
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  return parts.includes('..') ? null : `/${parts.join('/')}`
}

/** The folder something is in; `/` for the root. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** `/a`, `/a/b` for `/a/b/c`. */
export function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(1, -1)
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)
}

/** Where a path leads when every link on the way is followed; null for a circle. `..` ends at the root. */
export function followLinks(path: string, linkAt: (path: string) => string | undefined): string | null {
  const left = path.split('/')
  const done: string[] = []
  let followed = 0
  while (left.length > 0) {
    const part = left.shift()
    if (part === undefined || part === '' || part === '.') continue
    if (part === '..') {
      done.pop()
      continue
    }
    const here = `/${[...done, part].join('/')}`
    const target = linkAt(here)
    if (target === undefined) {
      done.push(part)
      continue
    }
    if (++followed > MOST_LINKS || target.length + here.length > LONGEST_PATH) return null
    if (target.startsWith('/')) done.length = 0
    left.unshift(...target.split('/'))
  }
  return `/${done.join('/')}`
}
