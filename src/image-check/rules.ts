// The table of rules, in the order people read them, and the check itself: facts in, findings out.
import type { ImageFinding } from '../api/image-check.ts'
import type { ImageFacts } from './facts.ts'
import type { Here, Rule } from './finding.ts'
import { account, gpuDriver, home, runTrain, setuid, tmp } from './rules-files.ts'
import {
  architecture,
  complete,
  entrypoint,
  environment,
  size,
  unbuffered,
  user,
  workingDir,
} from './rules-image.ts'
import { ascendDriver, cann, conda, frameworks, libc, moxing, python, shell } from './rules-programs.ts'

export const RULES: readonly Rule[] = [
  complete,
  architecture,
  size,
  user,
  account,
  home,
  tmp,
  entrypoint,
  workingDir,
  environment,
  unbuffered,
  shell,
  python,
  conda,
  libc,
  runTrain,
  moxing,
  setuid,
  gpuDriver,
  ascendDriver,
  cann,
  frameworks,
]

/** What every rule says about an image, in the order of the table. */
export function checkImage(facts: ImageFacts, here: Here): ImageFinding[] {
  return RULES.flatMap(({ id, title, source, check }) =>
    check(facts, here).map((said) => ({ ...said, rule: id, source: source[said.applies] ?? title })),
  )
}
