import { headgate } from '../cli-process.ts'
import { check, type Step } from '../step.ts'
import { paragraph } from '../terminal.ts'
import { PAYMENTS } from './masks.ts'

/** What a session saw, seen again. */
export const replayStep: Step = {
  title: 'What did the fraud service see?',
  claim: 'a session is replayed: what it read, masked for whoever looks',
  run: async ({ world }) => {
    paragraph(
      'Recordings of records would be a second copy to guard. Headgate keeps offsets and hashes, and reads the records once more. Who looks sees what the session saw and he himself may see: the fraud service saw the card whole, and Linus does not.',
    )
    const list = await headgate(world, 'linus', ['sessions', 'list', '--principal', 'fraud', '--topic', PAYMENTS])
    const [id = ''] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(list.out) ?? []
    check('the session is on the list', id !== '', list.error)
    const replay = await headgate(world, 'linus', ['sessions', 'replay', id])
    check(
      'its record is shown again, with the card masked for Linus',
      replay.out.includes('****-****-****-1111') && !replay.out.includes('4111-1111-1111-1111'),
      replay.error,
    )
    const again = await headgate(world, 'linus', [
      'audit',
      'list',
      '--principal',
      'linus',
      '--event',
      'session.replayed',
    ])
    check('and the trail tells that he looked', again.out.includes('linus'), again.error)
  },
}
