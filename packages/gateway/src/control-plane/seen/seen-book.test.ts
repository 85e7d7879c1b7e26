import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@headgate/core'
import { Operation, type SeenAccess } from '@headgate/policy'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SeenEvent } from '../../control-port.ts'
import { TestClock } from '../../identity/token-fixture.ts'
import { openStore } from '../../store/store.ts'
import { collectLog } from '../control-plane-fixture.ts'
import { SeenBook } from './seen-book.ts'

const START = 1_800_000_000_000

let folder: string
let clock: TestClock

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-seen-'))
  clock = new TestClock(START)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const createBook = (log = silentLog): SeenBook =>
  new SeenBook({ openStore: () => openStore({ store: { path: join(folder, 'seen.db') }, log }), clock, log })

function seen(name: string, more: Partial<SeenAccess> = {}, clientId = 'app'): SeenEvent {
  const times = { firstUnixMs: clock.nowUnixMs(), lastUnixMs: clock.nowUnixMs() }
  const access = { resourceType: 'topic' as const, operation: Operation.Read, name, partitions: [], ruleIds: [] }
  return { kind: 'seen', issuer: 'corp', principal: 'svc', clientId, accesses: [{ ...access, ...times, ...more }] }
}

it('unites what is done again: partitions, rules, first and last time', async () => {
  const book = createBook()
  book.note(seen('orders', { partitions: [2, 0], ruleIds: ['a'] }))
  clock.advance(5_000)
  book.note(seen('orders', { partitions: [1], ruleIds: ['b', 'a'] }))
  book.note(seen('orders', { operation: Operation.Write }))
  book.note(seen('orders', {}, 'other'))
  const { sinceUnixMs, entries } = await book.read()
  expect(sinceUnixMs).toBe(START)
  expect(entries).toHaveLength(3)
  expect(entries[0]).toEqual({
    ...{
      issuer: 'corp',
      subject: 'svc',
      clientId: 'app',
      resourceType: 'topic',
      operation: Operation.Read,
      name: 'orders',
    },
    ...{ partitions: [0, 1, 2], ruleIds: ['a', 'b'], firstUnixMs: START, lastUnixMs: START + 5_000 },
  })
  await book.close()
})

it('keeps so many partitions in all, however many names a client makes up', async () => {
  const book = new SeenBook({ openStore: undefined, clock, log: silentLog })
  const partitions = Array.from({ length: 1_000 }, (_, partition) => partition)
  for (let name = 0; name < 2_000; name += 1) book.note(seen(`t${name}`, { partitions }))
  book.note(seen('t0', { partitions: [0, 5_000] }))
  const { entries } = await book.read()
  expect(entries).toHaveLength(2_000)
  expect(entries.reduce((sum, entry) => sum + entry.partitions.length, 0)).toBe(1_000_000)
  expect(entries[0]?.partitions).toEqual(partitions)
  await book.close()
})

it('is there after a restart, with the time from which on it was kept', async () => {
  const first = createBook()
  first.note(seen('orders', { partitions: [1] }))
  await first.close()
  clock.advance(60_000)
  const second = createBook()
  second.note(seen('orders', { partitions: [0], ruleIds: ['a'] }))
  second.note(seen('payments'))
  await second.close()
  const third = createBook()
  const { sinceUnixMs, entries } = await third.read()
  expect(sinceUnixMs).toBe(START)
  expect(
    entries
      .map(({ name, partitions, ruleIds, firstUnixMs, lastUnixMs }) => [
        name,
        partitions,
        ruleIds,
        firstUnixMs,
        lastUnixMs,
      ])
      .sort(),
  ).toEqual([
    ['orders', [0, 1], ['a'], START, START + 60_000],
    ['payments', [], [], START + 60_000, START + 60_000],
  ])
  await third.close()
})

it('P9: knows since when a rule is in force, also after a restart and when it was away', async () => {
  const first = createBook()
  first.noteRules(['a', 'b'])
  await first.close()
  clock.advance(60_000)
  const second = createBook()
  second.noteRules(['b', 'c'])
  const { rules } = await second.read()
  await second.close()
  expect(rules.toSorted((one, other) => (one.id < other.id ? -1 : 1))).toEqual([
    { id: 'a', sinceUnixMs: START },
    { id: 'b', sinceUnixMs: START },
    { id: 'c', sinceUnixMs: START + 60_000 },
  ])
})

it('without a store it lives in memory', async () => {
  const book = new SeenBook({ openStore: undefined, clock, log: silentLog })
  book.note(seen('orders'))
  clock.advance(2_000)
  expect((await book.read()).entries).toHaveLength(1)
  await book.close()
})

it('takes nothing new past its bound, and says so once', async () => {
  const { log, lines } = collectLog()
  const book = new SeenBook({ openStore: undefined, clock, log })
  const [access] = seen('t').accesses
  if (access === undefined) throw new Error('no access')
  const accesses = Array.from({ length: 100_010 }, (_, index) => ({ ...access, name: `t${index}` }))
  book.note({ ...seen('t'), accesses })
  book.note(seen('t1', { partitions: [7] }))
  book.note(seen('another'))
  const { entries } = await book.read()
  expect(entries).toHaveLength(100_000)
  expect(entries.find(({ name }) => name === 't1')?.partitions).toEqual([7])
  expect(lines.filter(({ event }) => event === 'seen')).toHaveLength(1)
  await book.close()
})

it('what could not be written is written later', async () => {
  let fails = 1
  const open = (): ReturnType<typeof openStore> => {
    fails -= 1
    return fails < 0
      ? openStore({ store: { path: join(folder, 'seen.db') }, log: silentLog })
      : Promise.reject(new Error('disk'))
  }
  const { log, lines } = collectLog()
  const book = new SeenBook({ openStore: open, clock, log })
  book.note(seen('orders'))
  clock.advance(2_000)
  await expect.poll(() => lines.filter(({ event }) => event === 'seen')).toHaveLength(1)
  book.note(seen('payments'))
  await book.close()
  const again = createBook()
  expect((await again.read()).entries.map(({ name }) => name).sort()).toEqual(['orders', 'payments'])
  await again.close()
})
