// Says at once, before anything is installed, what a demo or a test run will miss: a JDK and Maven, both in one go.
// Plain JavaScript without dependencies, run on the host's own Node.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

const LEAST_JAVA = 17
const { JAVA_HOME, KAFKA_BOOTSTRAP_SERVERS, PATH = '' } = process.env

function javaVersion() {
  const java = JAVA_HOME ? join(JAVA_HOME, 'bin', 'java') : 'java'
  const { stderr, error } = spawnSync(java, ['-version'], { encoding: 'utf8' })
  const version = /version "(?:1\.)?(\d+)/.exec(error ? '' : stderr)?.[1]
  return version === undefined ? undefined : Number(version)
}

function isOnPath(program) {
  const names = process.platform === 'win32' ? [`${program}.cmd`, `${program}.exe`] : [program]
  return PATH.split(delimiter).some((folder) => names.some((name) => existsSync(join(folder, name))))
}

const missing = []
const java = javaVersion()
const where = JAVA_HOME ? `in JAVA_HOME (${JAVA_HOME})` : 'on the PATH'
if (java === undefined)
  missing.push(`no working java ${where}: install a JDK of version ${LEAST_JAVA} or newer, or set JAVA_HOME`)
else if (java < LEAST_JAVA)
  missing.push(
    `the java ${where} is version ${java}: install a JDK of version ${LEAST_JAVA} or newer, or set JAVA_HOME`,
  )
if (!isOnPath('mvn')) missing.push('no mvn on the PATH: install Apache Maven 3.8 or newer, which fetches Kafka')

if (missing.length > 0 && !KAFKA_BOOTSTRAP_SERVERS) {
  missing.push(
    'or set KAFKA_BOOTSTRAP_SERVERS (with KAFKA_USERNAME and KAFKA_PASSWORD, a SCRAM-SHA-512 administrator) for a demo on your own cluster',
  )
  process.stderr.write(`${missing.map((text) => `- ${text}`).join('\n')}\n`)
  process.exit(1)
}
