import { resolve } from 'node:path'
import { loadGatewayConfig, readClusterAcls } from '@headgate/gateway'
import { aclImportData, importAcls, importedPolicyText, type KafkaAcl, parseAclListing } from '@headgate/policy/tools'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { jsonLine } from '../json-value.ts'
import { readNamedFile } from '../named-file.ts'
import { type ReportOptions, reportFailure, reportProblems } from '../problem-report.ts'
import { withKafkaAddress } from '../unreachable-kafka.ts'

interface ImportOptions extends ReportOptions {
  readonly issuer: string
  /** A file, or `true` where a running cluster is asked. */
  readonly fromAcls: string | true
  readonly config?: string
  readonly kafka?: string
}

const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/

function writeImport(io: CommandIo, acls: readonly KafkaAcl[], { issuer, json }: ImportOptions): ExitCode {
  const imported = importAcls(acls)
  const policy = importedPolicyText(imported, issuer)
  io.writeOut(json ? jsonLine({ ok: true, ...aclImportData(imported), policy }) : policy)
  return ExitCode.Ok
}

async function importFromConfig(io: CommandIo, config: string, options: ImportOptions): Promise<ExitCode> {
  const loaded = loadGatewayConfig(resolve(io.folder, config), { environment: io.environment })
  if (!loaded.ok) return reportProblems(io, loaded.problems, options)
  return writeImport(io, await readClusterAcls(loaded.config.cluster, { clock: io.clock }), options)
}

async function importFromAddress(io: CommandIo, address: string, options: ImportOptions): Promise<ExitCode> {
  const [, six, host = six ?? '', port = ''] = ADDRESS.exec(address) ?? []
  const cluster = {
    name: 'kafka',
    bootstrap: [{ host, port: Number(port) }],
    tls: undefined,
    sasl: undefined,
    credentials: [],
  }
  const acls = await readClusterAcls(cluster, { clock: io.clock }).catch((error: unknown) => {
    throw withKafkaAddress(error, address)
  })
  return writeImport(io, acls, options)
}

function misused({ fromAcls, config, kafka }: ImportOptions): string | undefined {
  const sources = [fromAcls === true ? undefined : fromAcls, config, kafka].filter((each) => each !== undefined)
  if (sources.length !== 1)
    return 'name one source of access rules: a file behind `--from-acls`, `--config <gateway config>`, or `--kafka <host:port>`'
  return kafka === undefined || ADDRESS.test(kafka) ? undefined : 'write `--kafka host:port`'
}

async function importPolicy(io: CommandIo, options: ImportOptions): Promise<ExitCode> {
  const { fromAcls, config, kafka } = options
  const mend = misused(options)
  if (mend !== undefined) {
    io.writeError(`error: ${mend}\n`)
    return ExitCode.Invalid
  }
  try {
    if (config !== undefined) return await importFromConfig(io, config, options)
    if (kafka !== undefined) return await importFromAddress(io, kafka, options)
    const text = await readNamedFile(io, 'access rules', String(fromAcls))
    return writeImport(io, parseAclListing(text), options)
  } catch (error) {
    const isOfFile = config === undefined && kafka === undefined
    return reportFailure(io, error, options, isOfFile ? ExitCode.Invalid : ExitCode.Failed)
  }
}

/** `headgate policy import --from-acls [file]` */
export const definePolicyImport: CommandDefinition = (parent, select) => {
  parent
    .command('import')
    .description("print a policy made of Kafka's access rules, which allows nothing that they do not")
    .requiredOption(
      '--from-acls [file]',
      'what `kafka-acls --list` printed, or a JSON list of it; without a file, a running cluster is asked',
    )
    .requiredOption('--issuer <name>', 'who states the names of users, as the gateway config calls it')
    .option('--config <file>', "ask the cluster of this gateway config, with the config's own credential")
    .option('--kafka <host:port>', 'ask this cluster, without TLS and without a credential')
    .option('--json', 'write the result as JSON', false)
    .action((options: ImportOptions) => select((io) => importPolicy(io, options)))
}
