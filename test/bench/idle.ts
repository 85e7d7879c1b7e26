import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from '../clients/raw-client.ts'
import type { BenchWorld } from './bench-world.ts'
import type { Figure } from './figure.ts'
import { residentBytes } from './process-usage.ts'
import { spreadOf } from './statistics.ts'

const CONNECTIONS = 1_000
const AT_ONCE = 50
const SETTLE_MS = 3_000
const MAX_TOTAL_MB = 90
const MAX_EACH_KB = 30

/** Memory of the gateway with many clients that have signed in, looked at the cluster once, and wait. */
export async function benchIdle(world: BenchWorld, _: number, tell: (text: string) => void): Promise<Figure[]> {
  const pid = world.gatewayLeg.pid ?? 0
  const [host = '', port = ''] = world.gatewayLeg.connection.bootstrap.split(':')
  const clients: RawClient[] = []
  const open = async (): Promise<void> => {
    const opening = Array.from({ length: AT_ONCE }, () => idleClient(host, Number(port), world.token))
    clients.push(...(await Promise.all(opening)))
  }
  try {
    // A gateway that has never served is no measure: what the first clients cost is compiled code.
    const before = residentBytes(pid)
    await open()
    const first = residentBytes(pid)
    while (clients.length < CONNECTIONS) {
      world.signal.throwIfAborted()
      await open()
    }
    tell(`idle: ${clients.length} connections`)
    await sleep(SETTLE_MS)
    const after = residentBytes(pid)
    if (clients.some(({ isClosed }) => isClosed)) throw new Error('the gateway closed an idle connection')
    const eachKb = (after - first) / (CONNECTIONS - AT_ONCE) / 1e3
    const figure = (what: string, unit: string, digits: number, value: number): Figure => {
      return { bench: 'idle', what: `gateway: ${what}`, unit, digits, spread: spreadOf([value]) }
    }
    return [
      {
        ...figure(`RSS with ${CONNECTIONS} connections`, 'MB', 0, after / 1e6),
        budget: { bound: 'at most', limit: MAX_TOTAL_MB },
      },
      { ...figure('RSS for each further one', 'KB', 1, eachKb), budget: { bound: 'at most', limit: MAX_EACH_KB } },
      figure('RSS before the first', 'MB', 0, before / 1e6),
    ]
  } finally {
    for (const client of clients) client.close()
  }
}

async function idleClient(host: string, port: number, token: string): Promise<RawClient> {
  const client = await RawClient.connect({ host, port })
  await client.request(18, 3, { clientSoftwareName: 'bench', clientSoftwareVersion: '1' })
  const { errorCode } = await client.signInPlain('token', token)
  if (errorCode !== 0) throw new Error(`a sign-in was refused with ${errorCode}`)
  await client.request(3, 9, { topics: [] })
  return client
}
