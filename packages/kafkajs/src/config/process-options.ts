import type { Environment } from './environment.ts'

/** Options of Node.js that load code before the application, let others look in, or weaken TLS, by what they do. */
const CONCERNS: readonly { readonly pattern: RegExp; readonly isGrave: boolean }[] = [
  { pattern: /^(?:-r|--require|--import|--(?:experimental-)?loader)$/, isGrave: false },
  { pattern: /^--inspect(?:-brk|-wait|-port|-publish-uid)?$|^--debug-port$/, isGrave: true },
  { pattern: /^--tls-(?:keylog|min-v1\.[01])$/, isGrave: true },
]

/** What a process was started with that lets other code see records. */
export interface ProcessConcerns {
  /** Names of options and variables, never their values. */
  readonly options: readonly string[]
  /** Whether one of them is not part of an ordinary deployment. */
  readonly isGrave: boolean
}

/**
 * Finds what a process was started with that lets other code, or whoever is on the wire, see records: a library cannot close
 * that, but it can say so.
 *
 * @param execArgv the options of the command line, as `process.execArgv` has them
 */
export function findProcessConcerns(execArgv: readonly string[], environment: Environment): ProcessConcerns {
  const given = [...execArgv, ...(environment['NODE_OPTIONS'] ?? '').split(/\s+/)]
  const names = new Set<string>()
  let isGrave = environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
  if (isGrave) names.add('NODE_TLS_REJECT_UNAUTHORIZED')
  for (const option of given) {
    const [name = ''] = option.split('=')
    const concern = CONCERNS.find(({ pattern }) => pattern.test(name))
    if (concern === undefined) continue
    names.add(name)
    isGrave ||= concern.isGrave
  }
  return { options: [...names].sort(), isGrave }
}
