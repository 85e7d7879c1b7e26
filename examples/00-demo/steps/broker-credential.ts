import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { working } from '../progress.ts'
import { check, type Step } from '../step.ts'
import { paragraph, table } from '../terminal.ts'

/** What the service knows. */
export const brokerCredentialStep: Step = {
  title: "Kafka's password is nowhere in the service",
  claim: "neither Kafka's password nor its address is in the service's memory",
  run: async ({ world, service }) => {
    const { gatewayCredential, adminCredential, scramBootstrap } = world.kafka
    const environment = await service.ask('environment')
    paragraph('These are all the environment variables of the process:')
    table(
      Object.entries(environment).map(([name, value = '']) => [name, /SECRET/.test(name) ? '(its own secret)' : value]),
    )
    const heap = join(dirname(world.files.configPath), 'service.heapsnapshot')
    const own = world.secretOf('orders')
    const secrets = [gatewayCredential.password, adminCredential.password]
    const addresses = scramBootstrap.split(',')
    try {
      await service.ask('openProducer')
      await working('writing all that its JavaScript holds into a file, while it is connected', () =>
        service.ask('writeHeap', heap),
      )
      const found = await working('searching the file', () => findIn(heap, [own, ...secrets, ...addresses]))
      check("what the service does know is found: its own identity's secret", found.has(own))
      check(
        "the passwords of Kafka's accounts are not found",
        secrets.every((text) => !found.has(text)),
      )
      check(
        `the address of Kafka (${scramBootstrap}) is not found`,
        addresses.every((text) => !found.has(text)),
      )
    } finally {
      await rm(heap, { force: true })
    }
  },
}

/** Which of the texts are in a file. */
async function findIn(path: string, texts: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const overlap = Math.max(...texts.map(({ length }) => length))
  let tail = ''
  for await (const chunk of createReadStream(path, { encoding: 'latin1', highWaterMark: 1 << 20 })) {
    const window = tail + String(chunk)
    for (const text of texts) if (window.includes(text)) found.add(text)
    tail = window.slice(-overlap)
  }
  return found
}
