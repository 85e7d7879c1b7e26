import { check, type Step } from '../step.ts'
import { paragraph } from '../terminal.ts'

const ORDERS = 10

/** What the rules allow. */
export const allowedStep: Step = {
  title: 'What the rules allow passes',
  claim: 'the service writes and reads its topic through `@headgate/kafkajs`',
  run: async ({ world, service, brokers }) => {
    paragraph(
      "The service (examples/01-orders) uses the API of kafkajs. Its code differs in one import: `import { Kafka } from '@headgate/kafkajs'`.",
    )
    const before = await brokers.countRecords('orders')
    const { written, read } = await service.ask('writeAndRead', ORDERS)
    const arrived = (await brokers.countRecords('orders')) - before
    check(
      `wrote ${written} records to \`orders\`; Kafka has them`,
      written === ORDERS && arrived === ORDERS,
      `${arrived}`,
    )
    check(`read ${read} records back, in the consumer group \`orders-reader\``, read === ORDERS)
    const signIn = world.logLines.find(({ event, principal }) => event === 'sign-in' && principal === 'orders')
    check("the gateway's log names who signed in", signIn !== undefined)
  },
}
