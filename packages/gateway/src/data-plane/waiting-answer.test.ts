import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { TestClock } from '../identity/token-fixture.ts'
import { ResponseOrder } from './response-order.ts'
import { WaitingAnswers } from './waiting-answer.ts'

test('what waiting answers keep is counted until each is given, at its time or before', () => {
  const clock = new TestClock()
  const order = new ResponseOrder(new PassThrough() as unknown as Socket)
  const waiting = new WaitingAnswers()
  let given = 0
  const add = (bytes: number, maxWaitMs: number): void =>
    waiting.add({ frame: Buffer.alloc(bytes), order, slot: order.reserve(), clock, maxWaitMs, onGiven: () => given++ })
  add(10, 1_000)
  add(20, 500)
  expect(waiting.bytes).toBe(30)

  clock.advance(500)
  expect([waiting.bytes, given]).toEqual([10, 1])
  // It is due, and waits for the one before it: the order keeps it from here on.
  expect(order).toMatchObject({ heldBytes: 20, owed: 2 })

  waiting.wake()
  expect(order).toMatchObject({ heldBytes: 0, owed: 0 })
  clock.advance(1_000)
  expect([waiting.bytes, given]).toEqual([0, 1])

  add(40, 500)
  waiting.cancel()
  clock.advance(500)
  expect([waiting.bytes, given, order.owed]).toEqual([0, 1, 1])
})
