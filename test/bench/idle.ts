import { RawClient } from '../clients/raw-client.ts'
import type { BenchWorld } from './bench-world.ts'
import { residentBytes } from './process-usage.ts'
import type { Figure } from './report.ts'

const CONNECTIONS = 1_000
const BATCH = 50
const SETTLE_MS = 3_000
const BUDGET_TOTAL_MB = 90
const BUDGET_EACH_KB = 30

/** Memory of the gateway with many clients that have signed in, looked at the cluster once, and wait. */
export async function benchIdle(world: BenchWorld, tell: (text: string) => void): Promise<Figure[]> {
  const { gatewayLeg, token } = world
  const pid = gatewayLeg.pid ?? 0
  const [host = '', port = ''] = gatewayLeg.connection.bootstrap.split(':')
  const before = residentBytes(pid)
  const clients: RawClient[] = []
  try {
    while (clients.length < CONNECTIONS) {
      clients.push(...(await Promise.all(Array.from({ length: BATCH }, () => idleClient(host, Number(port), token)))))
      tell(`idle: ${clients.length} of ${CONNECTIONS} connections`)
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const after = residentBytes(pid)
    const totalMb = after / 1e6
    const eachKb = (after - before) / CONNECTIONS / 1e3
    return [
      {
        bench: 'idle',
        what: `gateway: RSS with ${CONNECTIONS} connections, MB`,
        value: totalMb.toFixed(0),
        number: totalMb,
        budget: `≤ ${BUDGET_TOTAL_MB}`,
        isMet: totalMb <= BUDGET_TOTAL_MB,
      },
      {
        bench: 'idle',
        what: 'gateway: each connection, KB',
        value: eachKb.toFixed(1),
        number: eachKb,
        budget: `≤ ${BUDGET_EACH_KB}`,
        isMet: eachKb <= BUDGET_EACH_KB,
      },
    ]
  } finally {
    for (const client of clients) client.close()
  }
}

async function idleClient(host: string, port: number, token: string): Promise<RawClient> {
  const client = await RawClient.connect({ host, port })
  await client.request(18, 3, { clientSoftwareName: 'bench', clientSoftwareVersion: '1' })
  await client.signInPlain('token', token)
  await client.request(3, 9, { topics: [] })
  return client
}
