import { expect, test } from 'vitest'
import { nextTurn } from './turns.ts'

test('everybody has a turn in the order of asking, one in each round of the event loop', async () => {
  const order: string[] = []
  const rounds: number[] = []
  let round = 0
  let isOver = false
  const count = (): void => {
    round += 1
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const take = async (name: string): Promise<void> => {
    for (let turn = 1; turn <= 3; turn += 1) {
      await nextTurn()
      order.push(`${name}${turn}`)
      rounds.push(round)
    }
  }
  await Promise.all([take('a'), take('b'), take('c')])
  isOver = true
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'])
  expect(new Set(rounds).size).toBe(9)
})
