import { RawClient } from '../clients/raw-client.ts'
import type { BenchWorld } from './bench-world.ts'
import type { Figure } from './report.ts'
import { spreadOf, spreadText } from './statistics.ts'

const BUDGET_SECONDS = 0.3
const RETRY_MS = 5

/** From the start of the process to the first answered Metadata request. */
export async function benchStartup(world: BenchWorld, rounds: number, tell: (text: string) => void): Promise<Figure[]> {
  const seconds: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const tookMs = await world.timeGatewayStart((address) => answersMetadata(address, world.token))
    seconds.push(tookMs / 1_000)
    tell(`startup round ${round} of ${rounds}: ${tookMs.toFixed(0)} ms`)
  }
  const spread = spreadOf(seconds)
  return [
    {
      bench: 'startup',
      what: 'gateway: start to first Metadata, s',
      value: spreadText(spread),
      number: spread.median,
      budget: `≤ ${BUDGET_SECONDS}`,
      isMet: spread.median <= BUDGET_SECONDS,
    },
  ]
}

async function answersMetadata(address: string, token: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':')
  try {
    const client = await RawClient.connect({ host, port: Number(port) })
    await client.signInPlain('token', token)
    await client.request(3, 9, { topics: [] })
    client.close()
    return true
  } catch {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    return false
  }
}
