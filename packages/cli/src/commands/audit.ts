import { resolve } from 'node:path'
import { auditEventNamed, auditEventWords, parseAuditPublicKeys, verifyTrail } from '@headgate/audit'
import { nearestWord } from '@headgate/policy'
import { type Command, InvalidArgumentError } from 'commander'
import { parseTime } from '../asks/time-words.ts'
import { describeEvents, describeReport } from '../audit/trail-words.ts'
import { type CommandDefinition, type CommandRun, ExitCode } from '../command.ts'
import { addGatewayOptions, type GatewayAddressOptions } from '../gateway-address.ts'
import { connectGateway } from '../gateway-client.ts'
import { jsonLine, jsonObject } from '../json-value.ts'
import { readNamedFile } from '../named-file.ts'
import { type ReportOptions, reportFailure, reportResult } from '../problem-report.ts'

type AuditOptions = ReportOptions & GatewayAddressOptions

interface QuestionOptions extends AuditOptions {
  readonly principal?: string
  readonly issuer?: string
  readonly session?: string
  readonly topic?: string
  readonly partition?: string
  readonly offset?: string
  readonly event?: string
  readonly from?: string
  readonly to?: string
  readonly after?: string
  readonly limit?: string
  readonly unapprovedWrites?: string
}

interface VerifyOptions extends ReportOptions {
  readonly key: string
  readonly checkpoint?: string
}

const PARAMETERS = [
  'principal',
  'issuer',
  'session',
  'topic',
  'partition',
  'offset',
  'event',
  'from',
  'to',
  'after',
  'limit',
] as const

function ask(path: string, options: QuestionOptions): CommandRun {
  return async (io) => {
    try {
      const query = new URLSearchParams()
      for (const key of PARAMETERS) {
        const value = options[key]
        if (value !== undefined) query.set(key, value)
      }
      const client = await connectGateway(io, options)
      const answer = jsonObject(await client.get(`/v1/audit/${path}?${query}`)) ?? {}
      return reportResult(io, answer, describeEvents(answer), options)
    } catch (error) {
      return reportFailure(io, error, options)
    }
  }
}

function list(options: QuestionOptions): CommandRun {
  const { unapprovedWrites } = options
  return unapprovedWrites === undefined
    ? ask('events', options)
    : ask('unapproved-writes', { ...options, topic: unapprovedWrites })
}

function verify(folder: string, options: VerifyOptions): CommandRun {
  return async (io) => {
    try {
      const keys = parseAuditPublicKeys(await readNamedFile(io, 'key', options.key))
      const { checkpoint } = options
      const known =
        checkpoint === undefined ? {} : { knownCheckpoint: await readNamedFile(io, 'checkpoint', checkpoint) }
      const report = await verifyTrail({ folder: resolve(io.folder, folder), keys, ...known })
      if (report.isIntact) return reportResult(io, report, describeReport(report), options)
      io.writeOut(options.json ? jsonLine({ ok: false, ...report }) : `${describeReport(report)}\n`)
      return ExitCode.Failed
    } catch (error) {
      return reportFailure(io, error, options)
    }
  }
}

const DATE = /^\d{4}-\d\d-\d\d$/

function time(text: string): string {
  const isDate = DATE.test(text) && !Number.isNaN(Date.parse(text))
  if (!isDate && parseTime(text) === undefined)
    throw new InvalidArgumentError('write date, time and zone, such as 2026-11-24T03:00Z, or a date alone.')
  return text
}

/** A typo would be answered by "nothing on record". */
function eventNamed(word: string): string {
  const name = auditEventNamed(word)
  if (name !== undefined) return name
  const nearest = nearestWord(word, auditEventWords)
  throw new InvalidArgumentError(
    nearest === undefined ? 'there is no event of this name or code.' : `did you mean \`${nearest}\`?`,
  )
}

function addQuestionOptions(command: Command): Command {
  return addGatewayOptions(command)
    .option('--from <time>', 'from then on, such as 2026-11-24T03:00Z', time)
    .option('--to <time>', 'up to then', time)
    .option('--issuer <name>', 'the issuer, as the config names it')
    .option('--principal <subject>', 'who')
    .option('--session <id>', 'one session of a client')
    .option('--after <line>', 'go on behind this line of the trail')
    .option('--limit <count>', 'at most so many, up to 1000')
    .option('--json', 'write the result as JSON', false)
}

/** `headgate audit list | who-read | verify` */
export const defineAudit: CommandDefinition = (parent, select) => {
  const audit = parent.command('audit').description('the audit trail: ask it, verify it')
  addQuestionOptions(audit.command('list').description('list what is on record'))
    .option('--topic <topic>', 'about a topic')
    .option('--event <event>', 'of one kind, by its name or code, such as access.denied or K3001W', eventNamed)
    .option('--unapproved-writes <topic>', 'writes to the topic that stand on no approval')
    .action((options: QuestionOptions) => select(list(options)))
  addQuestionOptions(
    audit.command('who-read').description('tell who read records, masked or raw, and by whose approval'),
  )
    .requiredOption('--topic <topic>', 'the topic')
    .option('--partition <partition>', 'one partition')
    .option('--offset <offset>', 'one record of it')
    .action((options: QuestionOptions) => select(ask('reads', options)))
  audit
    .command('verify <folder>')
    .description('verify the segments of a trail; neither a gateway nor a network is needed')
    .requiredOption('--key <file>', 'the public key of the checkpoints: a JWK, a JWK set or PEM')
    .option('--checkpoint <file>', 'a checkpoint that was kept elsewhere: the trail must hold it')
    .option('--json', 'write the result as JSON', false)
    .action((folder: string, options: VerifyOptions) => select(verify(folder, options)))
}
