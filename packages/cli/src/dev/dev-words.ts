import type { IdleRule } from '@headgate/policy/tools'
import type { TestGateway } from '@headgate/testkit'
import type { ServiceFiles } from './service-files.ts'

/** What {@link describeDev} tells of. */
export interface DevSetting {
  readonly gateway: TestGateway
  readonly files: readonly ServiceFiles[]
  /** As the user wrote them. */
  readonly kafka: string
  readonly policy: string
  /** Rules that are for nobody here, or do not apply now. */
  readonly idle: readonly IdleRule[]
  /** The password of a person. */
  passwordOf(account: string): string
}

const lines = (texts: readonly string[]): string => texts.map((text) => `    ${text}\n`).join('')

function serviceLines(files: readonly ServiceFiles[]): readonly string[] {
  const width = Math.max(...files.map(({ clientId }) => clientId.length))
  return files.map(({ clientId, groups, claims }) => {
    const where = groups.length === 0 ? 'no groups' : `groups: ${groups.join(', ')}`
    const stated = Object.entries(claims).map(([name, values]) => `; ${name}: ${values.join(', ')}`)
    return `${clientId.padEnd(width)}  ${where}${stated.join('')}`
  })
}

/** Rules that a developer would wait for in vain. */
function idleWords({ idle, gateway: { kind, issuerName } }: DevSetting): string {
  if (idle.length === 0) return ''
  const words = idle.map(({ ruleId, source: { path, line }, failed, because }) => {
    const what = failed === 'when' ? 'does not apply now' : 'is for nobody here'
    return `${path}:${line} \`${ruleId}\` ${what}: ${because}`
  })
  const isOfKind = idle.some(({ failed }) => failed === 'who')
  const who = isOfKind
    ? `Everybody here is of kind \`${kind}\`, of issuer \`${issuerName}\`: \`--kind\` and \`--issuer\` say otherwise.\n`
    : ''
  return `\nRules that change nothing as it is:\n\n${lines(words)}${who}`
}

function clientLines({ javaPath, kcatPath }: ServiceFiles, bootstrap: string): readonly string[] {
  return [
    `kcat -F ${kcatPath} -L`,
    `kafka-topics.sh --bootstrap-server ${bootstrap} --command-config ${javaPath} --list`,
  ]
}

function peopleWords({ gateway: { people, httpUrl }, passwordOf }: DevSetting): string {
  const approvers = people.filter(({ groups }) => groups.length > 0)
  if (approvers.length === 0) return ''
  const names = approvers.map(
    ({ account, groups }) => `${account}  password ${passwordOf(account)}, ${groups.join(', ')}`,
  )
  return `\nPeople who may approve:\n\n${lines([...names, `headgate login --gateway ${httpUrl}`])}`
}

/** What a developer has to know, with what to paste. */
export function describeDev(setting: DevSetting): string {
  const { gateway, files, kafka, policy } = setting
  const [first] = files
  const { bootstrap, folder } = gateway
  if (first === undefined) return ''
  const variables = Object.entries(first.environment).map(([name, value]) => `export ${name}=${value}`)
  return `A gateway for development before ${kafka}, under ${policy}. It ends with Ctrl+C.
Keys and secrets were made for this run, in ${folder}; they are removed at its end.

Services:

${lines(serviceLines(files))}${idleWords(setting)}
The environment of \`${first.clientId}\`, for @headgate/kafkajs in place of kafkajs:

${lines(variables)}
Or of any of them, from its file:

${lines([`node --env-file=${first.environmentPath} service.mjs`])}
Other clients, at ${bootstrap}:

${lines(clientLines(first, bootstrap))}${peopleWords(setting)}
A change of ${policy} is in force a second later. Denials are told below.
`
}

/** The same for machines. */
export function devData({ gateway, files, idle }: DevSetting): object {
  const { bootstrap, httpUrl, folder, issuerName, kind, people, bundleKeyThumbprint } = gateway
  return {
    bootstrap,
    httpUrl,
    folder,
    issuer: issuerName,
    kind,
    bundleKeyThumbprint,
    services: files,
    people,
    idleRules: idle,
  }
}
