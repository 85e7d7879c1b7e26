import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

// Below the range from which systems give ports to outgoing connections, so that a broker can come back on its own port.
const FIRST_PORT = 20_000
const LAST_PORT = 31_999

/** `count` different ports of 127.0.0.1 that are free at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = []
  try {
    const ports: number[] = []
    while (ports.length < count) {
      const port = randomInt(FIRST_PORT, LAST_PORT + 1)
      const server = await tryListen(port)
      if (server === undefined) continue
      held.push(server)
      ports.push(port)
    }
    return ports
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

function tryListen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server))
  })
}
