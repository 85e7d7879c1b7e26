import { parseSigningKey } from '@headgate/gateway'
import type { CommandDefinition, CommandIo, ExitCode } from '../command.ts'
import { FileUnreadableError } from '../errors.ts'
import { readNamedFile } from '../named-file.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'

async function showPublicKey(io: CommandIo, file: string, options: ReportOptions): Promise<ExitCode> {
  try {
    const text = await readNamedFile(io, 'key', file)
    const key = (['audit', 'token'] as const).map((kind) => parseSigningKey(kind, text)).find((parsed) => parsed.ok)
      ?.key.publicJwk
    if (key === undefined) throw new FileUnreadableError('key', file, 'it holds no signing key')
    return reportResult(io, { key }, JSON.stringify(key), options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

/** `headgate keys public <file>` */
export const defineKeysPublic: CommandDefinition = (parent, select) => {
  parent
    .command('public <file>')
    .description('print the public half of a signing key as a JWK, for those who verify')
    .option('--json', 'write the result as JSON', false)
    .action((file: string, options: ReportOptions) => select((io) => showPublicKey(io, file, options)))
}
