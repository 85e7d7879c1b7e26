import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestClock } from '../../identity/token-fixture.ts'
import { isEnded } from './ask.ts'
import { APPROVAL, act, draft, startTestAsks, type TestAsks, until } from './ask-fixture.ts'
import { approve, cancel, deny, revoke } from './ask-machine.ts'

const MINUTE = 60_000
let running: TestAsks[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-asks-'))
})
afterEach(async () => {
  await Promise.all(running.map((world) => world.close()))
  running = []
  rmSync(folder, { recursive: true, force: true })
})

async function start(options: Parameters<typeof startTestAsks>[0] = {}): Promise<TestAsks> {
  const world = await startTestAsks(options)
  running.push(world)
  return world
}

const approvedBy = (subject: string) => (ask: Parameters<typeof approve>[0], now: number) =>
  approve(ask, act(subject, now))
const traffic = { origin: { kind: 'traffic', sessionId: 's', clientId: 'c' }, reason: undefined } as const

test('an ask goes from pending over approved to active, each step told in order and recorded once', async () => {
  const { asks, told, recorded } = await start()
  const { id } = await asks.open(draft())
  await asks.move(id, approvedBy('ada'))
  expect(await asks.move(id, approvedBy('grace'))).toMatchObject({ state: 'active', revision: 4 })

  expect(told.map(({ state, revision }) => `${state} ${revision}`)).toEqual([
    ...['pending 1', 'pending 2', 'approved 3', 'active 4'],
  ])
  await until(() => expect(recorded.map(({ step }) => step.kind)).toEqual(['opened', 'vote', 'approved', 'active']))
})

test('R7: of approvals at the same time one is there first for each revision, and none is lost', async () => {
  const { asks } = await start()
  const approval = { ...APPROVAL, people: 10 }
  const { id } = await asks.open(draft({ approval }))
  const people = Array.from({ length: 10 }, (_, index) => `lead-${index}`)
  await Promise.all(people.map((subject) => asks.move(id, approvedBy(subject))))
  const ask = await asks.find(id)
  expect(ask).toMatchObject({ state: 'active', revision: 12 })
  expect(ask?.steps.flatMap(({ by }) => by?.subject ?? []).toSorted()).toEqual(['billing-job', ...people].toSorted())
})

test('R7: who decided on what they saw is told when it is not that any more', async () => {
  const { asks } = await start()
  const { id, revision } = await asks.open(draft({ approval: { ...APPROVAL, people: 3 } }))
  const outcomes = await Promise.allSettled(['ada', 'grace'].map((name) => asks.move(id, approvedBy(name), revision)))
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
  expect(refused).toEqual(['ERR_GATEWAY_ASK_CHANGED'])
})

test('an approval and a denial at the same time: one of the two stands', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { asks } = await start()
    const { id } = await asks.open(draft({ approval: { ...APPROVAL, people: 1 } }))
    const moves = [asks.move(id, approvedBy('ada')), asks.move(id, (ask, now) => deny(ask, act('grace', now)))]
    const outcomes = await Promise.allSettled(round % 2 === 0 ? moves : moves.toReversed())
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(['active', 'denied']).toContain((await asks.find(id))?.state)
  }
})

describe('time', () => {
  test('R4: an ask nobody decides on expires in the store by itself', async () => {
    const { asks, clock, told } = await start()
    await asks.open(draft())
    clock.advance(30 * MINUTE - 1)
    expect(told.at(-1)?.state).toBe('pending')
    clock.advance(1)
    await until(() => expect(told.at(-1)).toMatchObject({ state: 'expired', revision: 2 }))
    expect(await asks.list({ limit: 10, states: ['expired'] })).toHaveLength(1)
  })

  test('R1: what was approved for an hour ends after an hour', async () => {
    const { asks, clock, told } = await start()
    const { id } = await asks.open(draft({ approval: { ...APPROVAL, people: 1 } }))
    clock.advance(29 * MINUTE)
    await asks.move(id, approvedBy('ada'))
    clock.advance(60 * MINUTE)
    await until(() => expect(told.at(-1)).toMatchObject({ state: 'expired' }))
  })

  test('R2: a window opens by itself, and an approval comes too late after it', async () => {
    const { asks, clock, told } = await start()
    const approval = { ...APPROVAL, people: 1 }
    const windowStartUnixMs = clock.nowUnixMs() + 10 * MINUTE
    const { id } = await asks.open(draft({ approval, windowStartUnixMs, durationMs: 5 * MINUTE }))
    expect(await asks.move(id, approvedBy('ada'))).toMatchObject({ state: 'approved' })
    clock.advance(10 * MINUTE)
    await until(() => expect(told.at(-1)).toMatchObject({ state: 'active', startsAtUnixMs: windowStartUnixMs }))
    clock.advance(5 * MINUTE)
    await until(() => expect(told.at(-1)).toMatchObject({ state: 'expired' }))
  })

  test('R3: a revocation is told at once', async () => {
    const { asks, told } = await start()
    const { id } = await asks.open(draft({ approval: { ...APPROVAL, people: 1 } }))
    await asks.move(id, approvedBy('ada'))
    await asks.move(id, (ask, now) => revoke(ask, act('grace', now)))
    expect(told.at(-1)).toMatchObject({ state: 'revoked' })
  })
})

describe('traffic', () => {
  test('opens one ask of a scope, however often it comes, and tells that one', async () => {
    const { asks, told } = await start()
    const drafts = Array.from({ length: 5 }, () => draft(traffic))
    await Promise.all(drafts.map((one) => asks.openForTraffic(one)))
    expect(await asks.list({ limit: 10 })).toHaveLength(1)
    expect(new Set(told.map(({ id }) => id)).size).toBe(1)
    expect(told).toHaveLength(5)
  })

  test('opens none after one of the scope has ended; a request does', async () => {
    const { asks, told } = await start()
    const { id } = await asks.open(draft())
    await asks.move(id, (ask, now) => deny(ask, act('ada', now)))
    await asks.openForTraffic(draft(traffic))
    expect(told.at(-1)).toMatchObject({ id, state: 'denied' })
    const again = await asks.open(draft())
    expect(again.generation).toBe(2)
    expect(told.at(-1)).toMatchObject({ id: again.id, state: 'pending' })
    await expect(asks.open(draft())).rejects.toMatchObject({
      code: 'ERR_GATEWAY_ASK_EXISTS',
      details: { id: again.id },
    })
  })

  test('of two requests at once one opens the ask', async () => {
    const { asks } = await start()
    const outcomes = await Promise.allSettled([asks.open(draft()), asks.open(draft())])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  test('cannot make asks of any number of names', async () => {
    const { asks } = await start()
    const named = (index: number) => draft({ ...traffic, scope: { ...draft().scope, topic: `payments-${index}` } })
    for (let index = 0; index < 200; index += 1) await asks.openForTraffic(named(index))
    await expect(asks.openForTraffic(named(200))).rejects.toMatchObject({ code: 'ERR_GATEWAY_ASK_LIMIT' })
  })
})

describe('a restart', () => {
  test('R8: brings everything back, and a subscriber is told the newest of each scope in order', async () => {
    const clock = new TestClock()
    const path = join(folder, 'gateway.db')
    const first = await start({ path, clock })
    const { id } = await first.asks.open(draft({ approval: { ...APPROVAL, people: 1 } }))
    await first.asks.move(id, approvedBy('ada'))
    clock.advance(1)
    const other = await first.asks.open(draft({ scope: { ...draft().scope, topic: 'payouts' } }))
    await first.close()

    const second = await start({ path, clock })
    expect(second.told).toMatchObject([
      { id, state: 'active', approvedBy: ['corp/ada'] },
      { id: other.id, state: 'pending' },
    ])
    await second.asks.move(other.id, approvedBy('ada'))
    const late: unknown[] = []
    second.asks.subscribe(({ id, revision }) => void late.push([id, revision]))
    expect(late).toEqual([
      [id, 3],
      [other.id, 2],
    ])
  })

  test('what should have ended meanwhile ends at once', async () => {
    const clock = new TestClock()
    const path = join(folder, 'gateway.db')
    const first = await start({ path, clock })
    const approval = { ...APPROVAL, people: 1 }
    const active = await first.asks.open(draft({ approval }))
    await first.asks.move(active.id, approvedBy('ada'))
    await first.asks.open(draft({ scope: { ...draft().scope, topic: 'payouts' } }))
    await first.close()
    clock.advance(24 * 60 * MINUTE)

    const { asks, told } = await start({ path, clock })
    expect(told.filter(({ state }) => state === 'expired')).toHaveLength(2)
    expect(await asks.list({ limit: 10, states: ['pending', 'active'] })).toEqual([])
  })

  test('steps that the audit had not taken are told then, in order', async () => {
    const clock = new TestClock()
    const path = join(folder, 'gateway.db')
    const first = await start({ path, clock, fail: () => true })
    const { id } = await first.asks.open(draft())
    await first.asks.move(id, approvedBy('ada'))
    await until(() => expect(first.lines.some(({ level }) => level === 'error')).toBe(true))
    await first.close()

    const { recorded } = await start({ path, clock })
    await until(() => expect(recorded.map(({ step }) => step.kind)).toEqual(['opened', 'vote']))
  })
})

test('an audit that takes nothing for a while is told everything afterwards, once', async () => {
  let isFull = true
  const { asks, clock, recorded } = await start({ fail: () => isFull })
  const { id } = await asks.open(draft({ approval: { ...APPROVAL, people: 1 } }))
  await asks.move(id, approvedBy('ada'))
  isFull = false
  await until(() => {
    clock.advance(1_000)
    expect(recorded.map(({ step }) => step.revision)).toEqual([1, 2, 3])
  })
})

test('whatever is done at the same time: steps are told one after the other, and access has its people', async () => {
  const people = ['ada', 'grace', 'linus', 'olga', 'billing-job']
  const moves = { approve, deny, revoke, cancel }
  const round = fc.array(fc.tuple(fc.constantFrom(...people), fc.constantFrom(...Object.keys(moves))), { maxLength: 6 })
  const plan = fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.array(fc.tuple(round, fc.constantFrom(0, 20 * MINUTE)), { maxLength: 6 }),
  )
  const { asks, clock, told: toldOfAll } = await start()
  let runs = 0
  await fc.assert(
    fc.asyncProperty(plan, async ([wanted, rounds]) => {
      runs += 1
      const scope = { ...draft().scope, topic: `payments-${runs}` }
      const { id } = await asks.open(draft({ scope, approval: { ...APPROVAL, people: wanted } }))
      for (const [steps, waitMs] of rounds) {
        clock.advance(waitMs)
        await Promise.allSettled(
          steps.map(([subject, name]) => {
            const move = moves[name as keyof typeof moves]
            return asks.move(id, (ask, now) => move(ask, act(subject, now)))
          }),
        )
      }
      const told = toldOfAll.filter((status) => status.id === id)
      const ended = told.findIndex(({ state }) => isEnded(state))
      expect(told.map(({ revision }) => revision)).toEqual(told.map((_status, index) => index + 1))
      expect(ended === -1 || ended === told.length - 1).toBe(true)
      for (const { state, approvedBy = [] } of told) {
        if (state === 'active' || state === 'approved') expect(approvedBy.length).toBeGreaterThanOrEqual(wanted)
        expect(approvedBy.filter((name) => name === 'corp/olga' || name === 'corp/billing-job')).toEqual([])
        expect(new Set(approvedBy).size).toBe(approvedBy.length)
      }
    }),
    { numRuns: 25 },
  )
}, 30_000)
