import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from '../clients/raw-client.ts'
import type { BenchWorld } from './bench-world.ts'
import type { Figure } from './figure.ts'
import { quietMachine } from './process-usage.ts'
import { spreadOf } from './statistics.ts'

const MAX_SECONDS = 0.3
const MAX_FOREIGN_CORES = 0.25
const QUIET_WAIT_MS = 10_000
const RETRY_MS = 5

/** From the start of the process to the first answered Metadata request of a client that signs in. */
export async function benchStartup(world: BenchWorld, rounds: number, tell: (text: string) => void): Promise<Figure[]> {
  const seconds: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    world.signal.throwIfAborted()
    await quietMachine(world.pids, MAX_FOREIGN_CORES, QUIET_WAIT_MS)
    const tookMs = await world.timeGatewayStart((address) => answersMetadata(address, world.token))
    if (round === 0) continue
    seconds.push(tookMs / 1_000)
    tell(`startup ${round}/${rounds}: ${tookMs.toFixed(0)} ms`)
  }
  return [
    {
      bench: 'startup',
      what: 'gateway: start to the first Metadata',
      unit: 's',
      digits: 2,
      spread: spreadOf(seconds),
      budget: { bound: 'at most', limit: MAX_SECONDS },
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
    await sleep(RETRY_MS)
    return false
  }
}
