import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles, ROOT } from '../reporter/fingerprint.ts'
import { packageNames } from './packages.ts'
import { isShipped } from './shipped.ts'

const OURS = new RegExp(`['"](ERR_(?:${packageNames().join('|').toUpperCase()})_[A-Z0-9_]+)['"]`, 'g')
const PAGE = join(ROOT, 'docs/reference/errors.md')

/** The codes that shipped code names, with the package that names each first. */
function codesInSources(): Map<string, string> {
  const found = new Map<string, string>()
  for (const file of listFiles(['packages']).filter(isShipped)) {
    const path = join(ROOT, file)
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    for (const [, code = ''] of text.matchAll(OURS)) found.set(code, found.get(code) ?? file)
  }
  return found
}

function codesInPage(): string[] {
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''
  return [...page.matchAll(/^#+ `?(ERR_[A-Z0-9_]+)`?$/gm)].map(([, code = '']) => code)
}

test('docs/reference/errors.md has one heading for each code in the sources, and none besides', () => {
  const documented = codesInPage()

  expect([...codesInSources().keys()].sort()).toEqual([...documented].sort())
  expect(new Set(documented).size).toBe(documented.length)
})

test('a code names the package that throws it', () => {
  const strays = [...codesInSources()].filter(([code, file]) => {
    const [, owner = ''] = /^packages\/([^/]+)\//.exec(file) ?? []
    return !code.startsWith(`ERR_${owner.toUpperCase()}_`)
  })

  expect(strays).toEqual([])
})
