import { headgate } from '../cli-process.ts'
import { kafkaOf, plainKafka, startReading, until, writeValues } from '../plain-client.ts'
import { describeRefusal } from '../refusal.ts'
import { check, type Step } from '../step.ts'
import { paragraph } from '../terminal.ts'
import { PAYMENTS } from './masks.ts'

const GROUP = 'engineers-grace'
const WAITS_MS = 2_000
const MORE = '{"id":2,"amount":7.00,"customer":{"name":"A. Brook"},"card":{"number":"5500-0000-0000-0004"}}'

/** A read that a person has to allow. */
export const approvalStep: Step = {
  title: 'A read that waits for a person',
  claim: 'an engineer waits for an approval, reads on when it is given, and stops when it ends',
  run: async ({ world }) => {
    paragraph(
      'Grace is an engineer. She may ask for `payments`, and a lead of payments has to say yes. Her tool is plain kafkajs, signed in with her own token; it knows nothing of Headgate. The policy gives six seconds, so that you see the end.',
    )
    const before = world.logLines.length
    const reading = await startReading(await kafkaOf(world, 'grace'), PAYMENTS, GROUP)
    try {
      await until(() =>
        world.logLines.slice(before).some(({ event, principal }) => event === 'ask' && principal === 'grace'),
      )
      await new Promise((resolve) => setTimeout(resolve, WAITS_MS))
      check(
        'her consumer waits: no record, no error, and it stays in its group',
        reading.values.size === 0 && reading.failure() === undefined,
      )
      const held = world.logLines.length

      const { out } = await headgate(world, 'ada', ['approvals', 'list'])
      const [askId = ''] = /ask_[\w-]+/.exec(out) ?? []
      const approvedAt = performance.now()
      const approval = await headgate(world, 'ada', [
        'approvals',
        'approve',
        askId,
        '--reason',
        'invoice 4711 is looked into',
      ])
      check('Ada, who leads payments, approves', approval.exitCode === 0, approval.error)
      await until(() => reading.values.size >= 1)
      check(
        'the waiting consumer reads on, from the first offset that it has not seen',
        [...reading.values.keys()][0] === 0,
      )
      paragraph(`(${Math.round(performance.now() - approvedAt)} ms after the command was begun)`, 'dim')
      await writeValues(plainKafka(world, 'shop'), PAYMENTS, [MORE])
      await until(() => reading.values.has(1))
      check(
        'and gets what is written meanwhile, masked',
        reading.values.get(1)?.includes('****-****-****-0004') === true,
        reading.values.get(1),
      )

      await until(() => reading.failure() !== undefined)
      const { type } = describeRefusal(reading.failure())
      check(
        `when the six seconds are over, the next read is refused: ${type}`,
        type === 'TOPIC_AUTHORIZATION_FAILED',
        type,
      )
      const signIns = world.logLines
        .slice(held)
        .filter(({ event, principal }) => event === 'sign-in' && principal === 'grace')
      check('all on the connections that she had: nobody signed in meanwhile', signIns.length === 0)
    } finally {
      await reading.close()
    }
  },
}
