import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { ResponseOrder } from './response-order.ts'

function collect(): { order: ResponseOrder; writes: Buffer[] } {
  const writes: Buffer[] = []
  const socket = new PassThrough()
  socket.on('data', (chunk: Buffer) => writes.push(Buffer.from(chunk)))
  return { order: new ResponseOrder(socket as unknown as Socket), writes }
}

const text = (writes: readonly Buffer[]): string => Buffer.concat(writes).toString()

test('answers leave in the order of the requests, whatever order they come in', async () => {
  const { order, writes } = collect()
  const [first, second, third] = [order.reserve(), order.reserve(), order.reserve()]

  order.answer(third, Buffer.from('c'))
  order.pass(second, Buffer.from('xbby'), 1, 2, false, null)
  order.pass(second, Buffer.from('xbby'), 2, 3, true, null)
  order.flush()
  expect(text(writes)).toBe('')
  expect(order.heldBytes).toBe(3)
  order.answer(first, Buffer.from('a'))
  order.flush()
  await new Promise(setImmediate)

  expect(text(writes)).toBe('abbc')
  expect(order).toMatchObject({ owed: 0, heldBytes: 0 })
})

test('neighbouring answers of one chunk leave as one write', async () => {
  const { order, writes } = collect()
  const [first, second] = [order.reserve(), order.reserve()]
  const chunk = Buffer.from('aabb')

  order.pass(first, chunk, 0, 2, true, null)
  order.pass(second, chunk, 2, 4, true, null)
  order.flush()
  await new Promise(setImmediate)

  expect(writes.map(String)).toEqual(['aabb'])
})

test('an answer that is half through keeps its place before a later one that is complete', async () => {
  const { order, writes } = collect()
  const [first, second] = [order.reserve(), order.reserve()]

  order.pass(first, Buffer.from('a1'), 0, 2, false, null)
  order.answer(second, Buffer.from('b'))
  order.flush()
  order.pass(first, Buffer.from('a2'), 0, 2, true, null)
  order.flush()
  await new Promise(setImmediate)

  expect(text(writes)).toBe('a1a2b')
})
