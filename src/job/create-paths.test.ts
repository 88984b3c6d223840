// Paths of code, inputs and outputs that cannot work are refused before anybody waits in a queue.
import { describe, it } from 'node:test'
import type { BodyParts } from '../../test/job-builders.ts'
import type { ErrorName } from '../api/errors.ts'
import { refuses, runTrain } from './create-fixture.ts'

describe('a path that cannot work is refused with the field, what came and what is there', () => {
  const cases: [title: string, parts: BodyParts, code: ErrorName, message: RegExp][] = [
    [
      'a code bucket that is not there',
      { command: runTrain('obs://none/code/') },
      'BucketNotFound',
      /"none"/,
    ],
    [
      'an empty code path',
      { command: runTrain('obs://empty/code/') },
      'CodeDirError',
      /nothing is under obs:\/\/empty\/code\/; the bucket is empty/,
    ],
    [
      'a code path with a typo',
      { command: runTrain('obs://b/coed/', 'coed/train.py') },
      'CodeDirError',
      /obs:\/\/b\/ holds code\/, data\//,
    ],
    [
      'a code path that is no folder',
      { command: runTrain('obs://b/code') },
      'InvalidObsPath',
      /ending with "\/"/,
    ],
    [
      'a boot file that is not there',
      { command: runTrain('obs://b/code/', 'code/tarin.py') },
      'BootFileError',
      /obs:\/\/b\/code\/tarin\.py does not exist.*train\.py/,
    ],
    [
      'a boot file without the folder',
      { command: runTrain('obs://b/code/', 'train.py') },
      'BootFileNotInCodeDir',
      /valid: code\//,
    ],
    [
      'a boot file that climbs out',
      { command: runTrain('obs://b/code/', 'code/../x.py') },
      'BootFileNotInCodeDir',
      /\.\./,
    ],
    [
      'more files than code may have',
      { algorithm: { code_dir: 'obs://big/many/' } },
      'TooManyCodeFiles',
      /code_dir: obs:\/\/big\/many\/ holds more than 1024 objects/,
    ],
    [
      'folders too deep for code',
      { command: runTrain('obs://deep/code/') },
      'CodeFolderTooDeep',
      /lies 33 folders below obs:\/\/deep\/code\/; valid: at most 32/,
    ],
    [
      'code_dir that is not there',
      { algorithm: { code_dir: 'obs://b/nothing/' } },
      'CodeDirError',
      /nothing is under/,
    ],
    [
      'boot_file outside of code_dir',
      { algorithm: { command: '', code_dir: '/b/code/', boot_file: '/b/data/1.bin' } },
      'BootFileNotInCodeDir',
      /under \/b\/code\//,
    ],
    [
      'a missing output bucket',
      { algorithm: { outputs: [{ name: 'o', remote: { obs: { obs_url: 'obs://none/x/' } } }] } },
      'BucketNotFound',
      /outputs\[0\].*"none"/,
    ],
    [
      'an empty input',
      { algorithm: { inputs: [{ name: 'i', remote: { obs: { obs_url: 'obs://b/zip/' } } }] } },
      'InvalidObsPath',
      /inputs\[0\].*nothing is under obs:\/\/b\/zip\/; obs:\/\/b\/ holds code\/, data\//,
    ],
    [
      'an output folder that climbs out',
      {
        algorithm: {
          outputs: [{ name: 'o', local_dir: '/x/../y', remote: { obs: { obs_url: 'obs://b/x/' } } }],
        },
      },
      'InvalidParam',
      /local_dir/,
    ],
    [
      'one folder for two outputs',
      {
        algorithm: {
          outputs: [
            { name: 'o', remote: { obs: { obs_url: 'obs://b/o/' } } },
            { name: 'p', remote: { obs: { obs_url: '/b/o/deep/' } } },
          ],
        },
      },
      'InvalidParam',
      /outputs\[1\].*obs:\/\/b\/o\/deep\/ lies in or holds the folder of algorithm\.outputs\[0\]/,
    ],
    [
      'one name for two channels',
      {
        algorithm: {
          inputs: [{ name: 'x', remote: { obs: { obs_url: 'obs://b/data/' } } }],
          outputs: [{ name: 'x', remote: { obs: { obs_url: 'obs://b/o/' } } }],
        },
      },
      'InvalidParam',
      /"x" stands twice/,
    ],
  ]
  for (const [title, parts, code, message] of cases) it(title, () => refuses(parts, code, message))
})
