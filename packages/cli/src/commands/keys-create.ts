import { resolve } from 'node:path'
import { createKeyFile, type SigningKeyKind } from '@headgate/gateway'
import { Option } from 'commander'
import type { CommandDefinition, CommandIo, ExitCode } from '../command.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'

interface KeysCreateOptions extends ReportOptions {
  readonly type: SigningKeyKind
  readonly out: string
}

async function createKeys(io: CommandIo, options: KeysCreateOptions): Promise<ExitCode> {
  try {
    const path = resolve(io.folder, options.out)
    const { thumbprint, algorithm } = createKeyFile(options.type, path)
    return reportResult(io, { type: options.type, algorithm, path, thumbprint }, thumbprint, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

/** `headgate keys create --type token|bundle|audit --out <file>` */
export const defineKeysCreate: CommandDefinition = (parent, select) => {
  parent
    .command('create')
    .description('create a signing key in a new file (0600) and print its RFC 7638 thumbprint')
    .addOption(new Option('--type <type>', 'what it signs').choices(['token', 'bundle', 'audit']).makeOptionMandatory())
    .requiredOption('--out <file>', 'the file to create; an existing one is never overwritten')
    .option('--json', 'write the result as JSON', false)
    .action((options: KeysCreateOptions) => select((io) => createKeys(io, options)))
}
