import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { headgate, headgateOffline } from '../cli-process.ts'
import { check, type Step } from '../step.ts'
import { paragraph } from '../terminal.ts'
import { PAYMENTS } from './masks.ts'

const SEGMENT = /\.jsonl$/

/** Who read what, when and on whose word; and that the record of it cannot be changed unseen. */
export const auditStep: Step = {
  title: 'Who read the payments?',
  claim: 'the trail tells who read which records, when and on whose word; a changed byte is found',
  run: async ({ world }) => {
    paragraph('Linus is an auditor. He asks who read the first payment, which was of interest a minute ago.')
    const args = ['audit', 'who-read', '--topic', PAYMENTS, '--partition', '0', '--offset', '0']
    // Of what was delivered without a required record is told within a second; of these, at once.
    const { out } = await headgate(world, 'linus', args)
    check(
      'it names Grace, by whom her read was approved, and what was masked',
      out.includes('grace') && out.includes('corp/ada') && out.includes('card/number'),
    )
    check('and the services that read it too', out.includes('reports') && out.includes('fraud'))

    paragraph(
      'The trail is files of lines, each chained to the one before it, with signed checkpoints. A copy and a public key are enough to verify it, without the gateway:',
    )
    const folder = await mkdtemp(join(tmpdir(), 'headgate-demo-trail-'))
    try {
      await cp(world.files.auditFolder, folder, { recursive: true })
      const sound = await headgateOffline(['audit', 'verify', folder, '--key', world.files.auditKeyPath])
      check('it verifies', sound.exitCode === 0, sound.error)
      await changeOneByte(folder)
      const changed = await headgateOffline(['audit', 'verify', folder, '--key', world.files.auditKeyPath])
      check('with one byte of it changed it does not', changed.exitCode !== 0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** Makes another digit of one in the middle of the longest file. */
async function changeOneByte(folder: string): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => SEGMENT.test(name))
  const files = await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })))
  const [longest] = files.sort((a, b) => b.bytes.length - a.bytes.length)
  if (longest === undefined) throw new Error('the trail has no files')
  const at = longest.bytes.indexOf('"lastOffset":"0"', longest.bytes.length / 2)
  const position = (at === -1 ? longest.bytes.indexOf('"lastOffset":"0"') : at) + '"lastOffset":"'.length
  longest.bytes.write('1', position)
  paragraph(`(in ${longest.name}, byte ${position}: a read now seems to end one record later)`, 'dim')
  await writeFile(join(folder, longest.name), longest.bytes)
}
