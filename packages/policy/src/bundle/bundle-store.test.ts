import type { Clock } from '@headgate/core'
import { expect, test } from 'vitest'
import { Operation } from '../operation.ts'
import { decide } from '../program/decide.ts'
import { programOf } from '../program/policy-fixture.ts'
import { claimsOf, ISSUED, verifiedBundle } from './bundle-fixture.ts'
import { BundleStore } from './bundle-store.ts'
import { createCanaries } from './canaries.ts'
import { VerifiedBundle } from './verified-bundle.ts'

/** A clock that stands still until it is told. */
class StillClock implements Clock {
  wallMs = ISSUED
  uptimeMs = 5000
  nowUnixMs(): number {
    return this.wallMs
  }
  monotonicMs(): number {
    return this.uptimeMs
  }
  after(): { cancel(): void } {
    throw new Error('nobody waits here')
  }
  pass(ms: number): void {
    this.wallMs += ms
    this.uptimeMs += ms
  }
}

const narrow = programOf('rules: []')
const narrowed = { residual: narrow.residual, programDigest: narrow.digest, canaries: createCanaries(narrow) }
const mayRead = (store: BundleStore): string => decide(store.programAt(), 'topic', Operation.Read, 'orders', 0).reason

test('B18: without a bundle everything is denied for that reason, and the store is not ready', () => {
  const store = new BundleStore()
  expect(store.isReady).toBe(false)
  expect(store.current).toBe(undefined)
  expect(store.staleness()).toBe('expired')
  expect(mayRead(store)).toBe('no-bundle')
})

test('B3: a bundle is due at its refresh time, and denies from its end on, whatever the server repeats', async () => {
  const clock = new StillClock()
  const store = new BundleStore({ clock })
  const bundle = await verifiedBundle()
  expect(store.activate(bundle)).toBe(true)
  expect([store.staleness(), mayRead(store)]).toEqual(['fresh', 'granted'])
  clock.pass(60_000)
  expect([store.staleness(), mayRead(store)]).toEqual(['refresh-due', 'granted'])
  expect(store.activate(bundle)).toBe(false)
  clock.pass(239_999)
  expect(store.isReady).toBe(true)
  clock.pass(1)
  expect(store.activate(bundle)).toBe(false)
  expect([store.staleness(), store.isReady, mayRead(store)]).toEqual(['expired', false, 'bundle-expired'])
})

test('B14: a wall clock that goes back or stands behind lengthens no life', async () => {
  const clock = new StillClock()
  const store = new BundleStore({ clock })
  store.activate(await verifiedBundle())
  clock.pass(100_000)
  clock.wallMs -= 3_600_000
  expect(store.staleness()).toBe('refresh-due')
  clock.pass(200_000)
  expect(store.staleness()).toBe('expired')

  const late = new BundleStore({ clock })
  const behind = ISSUED - 86_400_000
  clock.wallMs = behind
  late.activate(await verifiedBundle({}, behind))
  expect(late.staleness()).toBe('fresh')
  clock.pass(300_000)
  expect(late.staleness()).toBe('expired')
})

test('B14: a wall clock that goes forward ends a life, and going back does not begin another one', async () => {
  const clock = new StillClock()
  const store = new BundleStore({ clock })
  store.activate(await verifiedBundle())
  expect(store.staleness(ISSUED + 60_000)).toBe('refresh-due')
  expect(store.staleness(ISSUED + 300_000)).toBe('expired')
  clock.pass(300_000)
  expect(store.staleness(ISSUED)).toBe('expired')
})

test('B2: nothing older than the newest seen is put in force [bundle-rollback]', async () => {
  const store = new BundleStore({ clock: new StillClock() })
  store.activate(await verifiedBundle({ revision: 9 }))
  const older = await verifiedBundle({ revision: 8 })
  expect(() => store.activate(older)).toThrow(expect.objectContaining({ code: 'ERR_POLICY_BUNDLE_ROLLBACK' }))
  expect(store.current?.claims.revision).toBe(9)
  expect(store.highWaterMark).toMatchObject({ revision: 9, programDigest: claimsOf().programDigest })
})

test('B7: one revision with two programs is refused, with the same one its life is renewed [bundle-rollback]', async () => {
  const clock = new StillClock()
  const store = new BundleStore({ clock })
  store.activate(await verifiedBundle())
  const other = await verifiedBundle(narrowed)
  expect(() => store.activate(other)).toThrow(expect.objectContaining({ code: 'ERR_POLICY_BUNDLE_EQUIVOCATION' }))
  clock.pass(100_000)
  const times = {
    issuedAtUnixMs: ISSUED + 100_000,
    refreshAfterUnixMs: ISSUED + 160_000,
    expiresAtUnixMs: ISSUED + 400_000,
  }
  expect(store.activate(await verifiedBundle(times, clock.wallMs))).toBe(true)
  clock.pass(250_000)
  expect(store.isReady).toBe(true)
})

test("B6: another addressee's bundle is not put in force", async () => {
  const store = new BundleStore({ clock: new StillClock() })
  store.activate(await verifiedBundle())
  const other = await verifiedBundle({ revision: 9, subject: { issuer: 'corp', subject: 'bob' } })
  expect(() => store.activate(other)).toThrow(expect.objectContaining({ code: 'ERR_POLICY_BUNDLE_ADDRESSEE' }))
})

test('B1: only a verified bundle can be put in force [bundle-signed]', async () => {
  const store = new BundleStore({ clock: new StillClock() })
  const verified = await verifiedBundle()
  const forged = [{ ...verified }, Object.setPrototypeOf({ ...verified }, VerifiedBundle.prototype), null, undefined]
  for (const each of forged) expect(() => store.activate(each as VerifiedBundle)).toThrow(TypeError)
  expect(store.isReady).toBe(false)
})

test('B17: whoever took a program decides by all of it, also while another is put in force', async () => {
  const store = new BundleStore({ clock: new StillClock() })
  store.activate(await verifiedBundle())
  const before = store.programAt()
  store.activate(await verifiedBundle({ revision: 8, ...narrowed }))
  const effects = (of: typeof before): string[] =>
    ['orders', 'pii.x'].map((name) => decide(of, 'topic', Operation.Read, name, 0).effect)
  expect(effects(before)).toEqual(['allow', 'allow'])
  expect(effects(store.programAt())).toEqual(['deny', 'deny'])
})
