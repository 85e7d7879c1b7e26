import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SharedStore } from '../store/shared-store.ts'
import { openStore } from '../store/store.ts'
import { SpentTokens } from './spent-tokens.ts'
import { TestClock } from './token-fixture.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-spent-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('T11: what is taken once is the first one only, of many at the same time and of each issuer for itself', async () => {
  const clock = new TestClock()
  const until = clock.nowUnixMs() + 60_000
  const spent = new SpentTokens({ clock })
  const outcomes = await Promise.all(['a', 'a', 'a', 'b'].map((id) => spent.spend('corp', id, until)))
  expect([outcomes.slice(0, 3).toSorted(), outcomes[3]]).toEqual([[false, false, true], true])
  expect(await spent.spend('other', 'a', until)).toBe(true)
  expect([await spent.spend('x', '__proto__', until), await spent.spend('x', '__proto__', until)]).toEqual([
    true,
    false,
  ])
})

test('T11: it stays spent across a restart and for a second gateway of the store, and is forgotten after its end', async () => {
  const clock = new TestClock()
  const until = clock.nowUnixMs() + 60_000
  const store = new SharedStore(() => openStore({ store: { path: join(folder, 'gateway.db') }, log: silentLog }))
  const create = (): SpentTokens => new SpentTokens({ clock, openStore: () => store.open() })
  const [one, two] = [create(), create()]
  const outcomes = await Promise.all([one.spend('corp', 'a', until), two.spend('corp', 'a', until)])
  expect(outcomes.toSorted()).toEqual([false, true])
  await Promise.all([one.close(), two.close()])
  const restarted = create()
  expect(await restarted.spend('corp', 'a', until)).toBe(false)
  clock.advance(120_000)
  expect(await restarted.spend('corp', 'b', until + 120_000)).toBe(true)
  const { database, close } = await store.open()
  expect((await database.selectFrom('spent_tokens').selectAll().execute()).length).toBe(1)
  await close()
  await restarted.close()
})
