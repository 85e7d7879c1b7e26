import { showDenial } from '../gateway-log.ts'
import { plainKafka, until } from '../plain-client.ts'
import { describeRefusal } from '../refusal.ts'
import type { ServiceProcess } from '../service-process.ts'
import { check, type Step } from '../step.ts'
import { paragraph, styled } from '../terminal.ts'
import { policy } from './start.ts'

const RULE = / {2}- id: orders-service-writes-orders\n(?: {4}.*\n)+/
const REFUSED = 'TOPIC_AUTHORIZATION_FAILED'

/** What a change of the policy does to a connection that is open. */
export const policyChangeStep: Step = {
  title: 'A change of the policy, while the service is connected',
  claim: 'a changed policy is in force for the next write, on the open connection',
  run: async ({ world, service }) => {
    const [removed = ''] = RULE.exec(policy) ?? []
    paragraph(
      'The service has a producer connected, and so has plain kafkajs beside it. This rule is taken out of policy.yaml, then put back:',
    )
    for (const line of removed.trimEnd().split('\n')) paragraph(styled('red', `- ${line}`))
    const producer = plainKafka(world, 'orders').producer()
    await producer.connect()
    const write = () => outcomeOf(producer.send({ topic: 'orders', messages: [{ value: '{"from":"plain kafkajs"}' }] }))
    try {
      const both = [await write(), await outcomeInService(service)]
      check(
        'before, both write',
        both.every((outcome) => outcome === 'it passed'),
        both.join(', '),
      )
      const seen = world.logLines.length
      try {
        await world.setPolicy(policy.replace(RULE, ''))
        const outcome = await write()
        check(`without the rule, the next write is refused by the gateway: ${outcome}`, outcome === REFUSED, outcome)
        showDenial(world.logLines.slice(seen), 'orders')
        check('and so is the next one of the service', (await outcomeInService(service)) === REFUSED)
      } finally {
        await world.setPolicy(policy)
      }
      const again = await write()
      check('with the rule put back, the next one passes the gateway', again === 'it passed', again)
      // Its client refuses until the gateway has told it of the rule, which takes it up to a second.
      const writes = await until(async () => (await outcomeInService(service)) === 'it passed')
      check('and the service writes as soon as it has been told', writes)
      const signIns = world.logLines.slice(seen).filter(({ event }) => event === 'sign-in')
      check('all on the connections that they had: nobody signed in meanwhile', signIns.length === 0)
    } finally {
      await producer.disconnect()
    }
  },
}

async function outcomeInService(service: ServiceProcess): Promise<string> {
  return (await service.ask('writeOnOpenConnection'))?.type ?? 'it passed'
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'it passed'
  } catch (error) {
    return describeRefusal(error).type
  }
}
