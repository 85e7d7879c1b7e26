import { consoleProduce } from '@headgate/test/clients'
import { showDenial } from '../gateway-log.ts'
import { working } from '../progress.ts'
import { check, type Step } from '../step.ts'
import { paragraph } from '../terminal.ts'

const REFUSAL = /TopicAuthorizationException: .*|Not authorized to access topics.*/

/** The gateway before a client that knows nothing of Headgate. */
export const javaClientStep: Step = {
  title: "Kafka's own Java client",
  claim: "Kafka's own console producer (Java) is served, and refused, by the gateway",
  run: async ({ world, brokers }) => {
    paragraph(
      "The gateway speaks Kafka's protocol, so it serves any client. Here is the console producer that comes with Kafka, with the service's identity.",
    )
    const { bootstrap, ca, secretOf } = world
    const sasl = { mechanism: 'PLAIN', username: 'orders', password: secretOf('orders') } as const
    const produce = (topic: string) =>
      working(`kafka-console-producer --topic ${topic}`, () =>
        consoleProduce({ bootstrap, caPath: ca.path, sasl }, topic, ['{"from":"java"}']),
      )
    const before = await brokers.countRecords('orders')
    const granted = await produce('orders')
    const arrived = (await brokers.countRecords('orders')) - before
    check('it writes to `orders`; Kafka has the record', arrived === 1, granted.stderr.slice(0, 400))
    const linesBefore = world.logLines.length
    const refused = await produce('audit-log')
    const [message = ''] = REFUSAL.exec(refused.stderr) ?? []
    paragraph(`java: ${message}`, 'yellow', '  ')
    check('its write to `audit-log` is refused', message !== '', refused.stderr.slice(0, 400))
    showDenial(world.logLines.slice(linesBefore), 'audit-log')
    check('Kafka still has no record in `audit-log`', (await brokers.countRecords('audit-log')) === 0)
  },
}
