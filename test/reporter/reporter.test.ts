import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fingerprint, listFiles, readOrigin } from './fingerprint.ts'
import { foldersLeft, noteMadeFolder } from './made-folders.ts'
import { declaredParts } from './parts.ts'
import { type RunRecord, readRecord, writeRecord } from './results.ts'

let root: string
const git = (...args: string[]): void => {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.test', ...args], { cwd: root, stdio: 'ignore' })
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'headgate-reporter-'))
  git('init', '-q')
  writeFileSync(join(root, 'a.ts'), 'one')
  writeFileSync(join(root, '.gitignore'), 'ignored.ts\n')
  git('add', '.')
  git('commit', '-q', '-m', 'first')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('the fingerprint changes with a tracked, a new and a deleted file, and not with prose or an ignored file', () => {
  const first = fingerprint([], root)

  writeFileSync(join(root, 'ignored.ts'), 'x')
  writeFileSync(join(root, 'README.md'), 'prose')
  expect(fingerprint([], root)).toBe(first)

  writeFileSync(join(root, 'b.ts'), 'new')
  const second = fingerprint([], root)
  writeFileSync(join(root, 'a.ts'), 'two')
  const third = fingerprint([], root)
  rmSync(join(root, 'a.ts'))
  expect(new Set([first, second, third, fingerprint([], root)]).size).toBe(4)
})

test('the fingerprint looks at the named paths alone', () => {
  const before = fingerprint(['a.ts'], root)
  writeFileSync(join(root, 'b.ts'), 'new')

  expect(fingerprint(['a.ts'], root)).toBe(before)
  expect(listFiles(['b.ts'], root)).toEqual(['b.ts'])
})

test('the origin tells the commit and whether the tree differs from it', () => {
  expect(readOrigin(root)).toEqual({
    commit: expect.stringMatching(/^[0-9a-f]{7,}$/),
    changed: false,
  })
  writeFileSync(join(root, 'a.ts'), 'two')
  expect(readOrigin(root).changed).toBe(true)
})

test('a temporary folder that a test made is told until it is removed', async () => {
  const made = [mkdtempSync(join(tmpdir(), 'headgate-left-')), await mkdtemp(join(tmpdir(), 'headgate-left-'))]
  try {
    // Both ways of making one are noted in every test.
    expect(foldersLeft()).toEqual(expect.arrayContaining(made))
    for (const path of made) noteMadeFolder(path, root)
    expect(foldersLeft(root)).toEqual(made)
  } finally {
    for (const path of made) rmSync(path, { recursive: true })
  }
  expect(foldersLeft(root)).toEqual([])
})

test('parts are declared in a list with commas', () => {
  expect(declaredParts('chromium, kcat')).toEqual(['chromium', 'kcat'])
  expect(declaredParts('')).toEqual([])
})

test('a record reads as it was written, and a missing one reads as undefined', () => {
  const record: RunRecord = {
    project: 'unit',
    commit: 'abc1234',
    changed: false,
    fingerprint: 'f',
    finishedAt: '2026-01-01T00:00:00.000Z',
    machine: 'node',
    parts: [],
    passed: 1,
    failed: 0,
    tests: [{ file: 'a.test.ts', name: 'a', state: 'passed' }],
  }
  writeRecord(record, join(root, 'records/unit.json'))

  expect(readRecord('unit', join(root, 'records/unit.json'))).toEqual(record)
  expect(readRecord('unit', join(root, 'records/none.json'))).toBeUndefined()
})
