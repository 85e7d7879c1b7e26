import { readFileSync } from 'node:fs'
import { startWorld, type World } from '@headgate/test/world'
import { answersWithoutPassword, openBrokerView } from '../broker-view.ts'
import type { Lifetime } from '../lifetime.ts'
import { ProgressLine, working } from '../progress.ts'
import { ServiceProcess } from '../service-process.ts'
import { check, type Stage } from '../step.ts'
import { paragraph, table } from '../terminal.ts'

/** The policy that the gateway is started with. */
export const policy: string = readFileSync(new URL('../policy.yaml', import.meta.url), 'utf8')

const TOPICS = [
  { topic: 'orders', partitions: 3 },
  { topic: 'audit-log', partitions: 1 },
  { topic: 'payments', partitions: 1 },
]
const CLIENTS = [
  { clientId: 'orders', groups: ['services'] },
  { clientId: 'shop', groups: ['services'] },
  { clientId: 'reports', groups: ['services'] },
  { clientId: 'fraud', groups: ['fraud'] },
]

/** Starts Kafka, an identity provider and the gateway. */
export async function startParts(onLog: (line: World['logLines'][number]) => void): Promise<World> {
  const line = new ProgressLine()
  try {
    return await startWorld({
      clients: CLIENTS,
      topics: TOPICS,
      policy,
      onLog,
      onProgress: (text) => line.begin(text),
    })
  } finally {
    line.end()
  }
}

/** Says what runs where, and starts the example's service. */
export async function setStage(world: World, lifetime: Lifetime): Promise<Stage> {
  const { kafka, identity, bootstrap, httpUrl } = world
  table([
    ['Kafka', kafka.scramBootstrap, 'holds the records, behind a password'],
    ['identity provider', identity.issuer, 'gives a service a signed token that says who it is'],
    ['gateway', bootstrap, 'Headgate: Kafka clients connect here, over TLS'],
    ['', httpUrl, 'and here they get their token and their rights'],
  ])
  paragraph("Of these only the gateway knows Kafka's password. The example's service runs in a process of its own.")
  const brokers = await openBrokerView(world)
  lifetime.add(() => brokers.close())
  const service = await working('starting the service', () => ServiceProcess.start(world.environmentOf('orders')))
  lifetime.add(() => service.close())
  check('Kafka answers nobody who has no password', !(await answersWithoutPassword(world)))
  return { world, service, brokers }
}
