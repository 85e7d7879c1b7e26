import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { auditCodes } from './event-codes.ts'
import { auditKeys } from './event-line.ts'

const page = readFileSync(new URL('../../../docs/reference/audit-events.md', import.meta.url), 'utf8')
const ENVELOPE = ['v', 'seq', 'prev', 'writer', 'gateway']
const CHECKPOINT = ['segment', 'why', 'kid', 'sig']

const rows = [...page.matchAll(/^\| `(K\d{4}[IWE])` \| `([a-z.-]+)` \| .*? \| (.*?) ?\|$/gm)]

test('the page lists each event with its code, and none besides', () => {
  const listed = rows.map(([, code = '', event = '']) => [event, code])

  expect(Object.fromEntries(listed)).toEqual(auditCodes)
  expect(listed.length).toBe(Object.keys(auditCodes).length)
})

test('each code is one event', () => {
  const codes = Object.values(auditCodes)

  expect(new Set(codes).size).toBe(codes.length)
})

test('the page names every key that may be written, and no other as a key', () => {
  const quoted = new Set([...page.matchAll(/`([a-zA-Z]+)`/g)].map(([, word = '']) => word))
  const inRows = rows.flatMap(([, , , keys = '']) => [...keys.matchAll(/`(\w+)`/g)].map(([, key = '']) => key))
  const known = [...auditKeys, ...ENVELOPE, ...CHECKPOINT]

  expect(known.filter((key) => !quoted.has(key))).toEqual([])
  expect(inRows.filter((key) => !known.includes(key))).toEqual([])
})
