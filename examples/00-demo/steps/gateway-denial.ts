import { showDenial } from '../gateway-log.ts'
import { plainKafka } from '../plain-client.ts'
import { describeRefusal } from '../refusal.ts'
import { check, type Step } from '../step.ts'
import { paragraph } from '../terminal.ts'

/** What happens to code that goes around the client. */
export const gatewayDenialStep: Step = {
  title: 'Going around the client',
  claim: 'kafkajs without the wrapper is refused by the gateway',
  run: async ({ world, brokers }) => {
    paragraph(
      'The client is a help, not a wall: any code can leave it out. Here is plain kafkajs with the same identity (the client id and secret of the service), connected to the gateway.',
    )
    const producer = plainKafka(world, 'orders').producer()
    await producer.connect()
    try {
      const records = await brokers.countRecords('orders')
      const before = world.logLines.length
      await producer.send({ topic: 'orders', messages: [{ value: '{"from":"plain kafkajs"}' }] })
      const arrived = (await brokers.countRecords('orders')) - records
      check('plain kafkajs signs in and writes to `orders`; Kafka has the record', arrived === 1, `${arrived}`)
      const refusal = await refusalOf(producer.send({ topic: 'audit-log', messages: [{ value: 'not ours to write' }] }))
      check(`its write to \`audit-log\` is refused: ${refusal}`, refusal === 'TOPIC_AUTHORIZATION_FAILED', refusal)
      paragraph('A client asks for the place of a topic before it writes. That much is refused already:')
      showDenial(world.logLines.slice(before), 'audit-log')
      check('Kafka still has no record in `audit-log`', (await brokers.countRecords('audit-log')) === 0)
    } finally {
      await producer.disconnect()
    }
  },
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'nothing, it passed'
  } catch (error) {
    return describeRefusal(error).type
  }
}
