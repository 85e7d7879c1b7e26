import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { JavaMissingError } from './errors.ts'
import { runProgram } from './program.ts'

const LEAST_MAJOR = 17

/** A Java runtime that is new enough. */
export interface JavaRuntime {
  /** The `java` program. */
  readonly java: string
  /** Its own home folder, as it names it. */
  readonly home: string
  readonly major: number
  /** Vendor and build; changes whenever a class archive would no longer fit. */
  readonly build: string
}

const found = new Map<string, Promise<JavaRuntime>>()

/**
 * Finds Java 17 or newer: in `JAVA_HOME` where that is set, otherwise on the PATH. Asked once per process.
 *
 * @throws {JavaMissingError} `ERR_TEST_JAVA_MISSING`
 */
export function findJava(env: NodeJS.ProcessEnv = process.env): Promise<JavaRuntime> {
  const javaHome = env['JAVA_HOME'] || undefined
  const key = `${javaHome ?? ''}\n${env['PATH'] ?? ''}`
  const known = found.get(key)
  if (known !== undefined) return known
  const asked = askJava(javaHome, env)
  found.set(key, asked)
  return asked
}

async function askJava(javaHome: string | undefined, env: NodeJS.ProcessEnv): Promise<JavaRuntime> {
  const java = javaHome === undefined ? 'java' : join(javaHome, 'bin', 'java')
  if (javaHome !== undefined && !existsSync(java))
    throw new JavaMissingError('JAVA_HOME names a folder without `bin/java`')
  const { stderr, code } = await showSettings(java, env)
  // macOS has a `java` that only says where to get one.
  if (code !== 0) throw new JavaMissingError('`java` does not run')
  const setting = (name: string): string => new RegExp(`^\\s*${name} = (.*)$`, 'm').exec(stderr)?.[1]?.trim() ?? ''
  const major = Number.parseInt(setting('java\\.specification\\.version').replace(/^1\./, ''), 10)
  if (!(major >= LEAST_MAJOR)) throw new JavaMissingError(`the \`java\` found is version ${major}`)
  const home = setting('java\\.home')
  return {
    java: join(home, 'bin', 'java'),
    home,
    major,
    build: `${setting('java\\.vendor')} ${setting('java\\.vm\\.version')}`,
  }
}

async function showSettings(java: string, env: NodeJS.ProcessEnv): Promise<{ stderr: string; code: number | null }> {
  try {
    return await runProgram(java, ['-XshowSettings:properties', '-version'], { env })
  } catch (cause) {
    throw new JavaMissingError('no `java` on the PATH', cause)
  }
}
