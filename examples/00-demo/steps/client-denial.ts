import { check, type Step } from '../step.ts'
import { paragraph, styled } from '../terminal.ts'

/** What the client refuses by itself. */
export const clientDenialStep: Step = {
  title: 'What no rule allows is refused by the client',
  claim: 'a write that no rule allows fails in the client, with the reason',
  run: async ({ world, service, brokers }) => {
    paragraph('The same service tries to write to `audit-log`, the topic of the auditors.')
    const before = world.logLines.length
    const refusal = await service.ask('writeElsewhere')
    paragraph(styled('yellow', `${refusal?.type}: ${refusal?.message}`), undefined, '  ')
    check('the code got the error that a Kafka broker would give', refusal?.type === 'TOPIC_AUTHORIZATION_FAILED')
    check('with the reason in words', refusal?.message.includes('audit-log') === true)
    const denials = world.logLines.slice(before).filter(({ event }) => event === 'denial')
    check('nothing of it was sent: the gateway had nothing to refuse', denials.length === 0)
    check('Kafka has no record in `audit-log`', (await brokers.countRecords('audit-log')) === 0)
  },
}
