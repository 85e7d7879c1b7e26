import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const FIRST_PORT = 20_000
const LAST_PORT = 31_000
const MAX_TRIES = 50

/** Finds neighbouring ports of 127.0.0.1 that were free a moment ago; gives the first of `count`. */
export async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const first = randomInt(FIRST_PORT, LAST_PORT)
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)))
    if (free.every(Boolean)) return first
  }
  throw new Error('no free range of ports was found')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
