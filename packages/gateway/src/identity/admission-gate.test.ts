import { expect, test } from 'vitest'
import { AdmissionGate } from './admission-gate.ts'

test('runs so many at once, lets so many wait in order, and refuses the rest', async () => {
  const gate = new AdmissionGate({ maxRunning: 2, maxWaiting: 2 })
  const order: number[] = []
  const ends: (() => void)[] = []
  const start = (id: number): Promise<void> =>
    gate.run(() => {
      order.push(id)
      return new Promise<void>((resolve) => ends.push(resolve))
    })
  const running = [start(1), start(2), start(3), start(4)]
  await expect(start(5)).rejects.toMatchObject({ code: 'ERR_GATEWAY_AUTHENTICATOR_BUSY', retryable: true })
  expect(order).toEqual([1, 2])
  while (ends.length > 0) {
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  await Promise.all(running)
  expect(order).toEqual([1, 2, 3, 4])
})

test('a task that fails gives its place back', async () => {
  const gate = new AdmissionGate({ maxRunning: 1, maxWaiting: 1 })
  await expect(gate.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
  await expect(gate.run(async () => 'y')).resolves.toBe('y')
})
