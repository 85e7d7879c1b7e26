import { showDenial } from '../gateway-log.ts'
import { check, type Step } from '../step.ts'
import { paragraph, styled } from '../terminal.ts'
import { policy } from './start.ts'

const RULE = / {2}- id: orders-service-writes-orders\n(?: {4}.*\n)+/

/** What a change of the policy does to a connection that is open. */
export const policyChangeStep: Step = {
  title: 'A change of the policy, while the service is connected',
  claim: 'a changed policy is in force for the next write, on the open connection',
  run: async ({ world, service }) => {
    const [removed = ''] = RULE.exec(policy) ?? []
    paragraph('The service has a producer connected. This rule is taken out of policy.yaml, then put back:')
    for (const line of removed.trimEnd().split('\n')) paragraph(styled('red', `- ${line}`))
    check('before, a write passes', (await service.ask('writeOnOpenConnection')) === null)
    const seen = world.logLines.length
    try {
      await world.setPolicy(policy.replace(RULE, ''))
      const refusal = await service.ask('writeOnOpenConnection')
      check(
        `without the rule, the next write is refused: ${refusal?.type}`,
        refusal?.type === 'TOPIC_AUTHORIZATION_FAILED',
        refusal?.message ?? 'it passed',
      )
      showDenial(world.logLines.slice(seen), 'orders')
    } finally {
      await world.setPolicy(policy)
    }
    const again = await service.ask('writeOnOpenConnection')
    check('with the rule put back, the next one passes', again === null, again?.message)
    const signIns = world.logLines.slice(seen).filter(({ event }) => event === 'sign-in')
    check('all on one connection: nobody signed in meanwhile', signIns.length === 0)
  },
}
