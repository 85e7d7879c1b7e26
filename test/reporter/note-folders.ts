// Before every test file: temporary folders that are made in the process of the tests are noted, so that the reporter can tell which
// of them a test left behind. What other programs make is theirs.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { noteMadeFolder } from './made-folders.ts'

const noted = Symbol.for('headgate.test.noted')

if (!Object.hasOwn(fs, noted)) {
  const { mkdtempSync } = fs
  const { mkdtemp } = fs.promises
  const note = (path: unknown): void => {
    if (typeof path === 'string') noteMadeFolder(path)
  }
  Object.assign(fs, {
    [noted]: true,
    mkdtempSync: (...args: Parameters<typeof mkdtempSync>): unknown => {
      const path = mkdtempSync(...args)
      note(path)
      return path
    },
  })
  Object.assign(fs.promises, {
    mkdtemp: async (...args: Parameters<typeof mkdtemp>): Promise<unknown> => {
      const path = await mkdtemp(...args)
      note(path)
      return path
    },
  })
  syncBuiltinESMExports()
}
