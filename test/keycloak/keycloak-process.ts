import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { cached } from '../kafka/cache.ts'
import { JarDownloadError, JavaProgramError } from '../kafka/errors.ts'
import { DEPENDENCY_PLUGIN_VERSION, type Progress, runMaven } from '../kafka/jars.ts'
import { findJava } from '../kafka/java-runtime.ts'
import { freePorts } from '../kafka/ports.ts'
import { lastLines, runProgram } from '../kafka/program.ts'
import { until } from '../kafka/until.ts'

/** A running Keycloak, with nothing in it but its own realm. */
export interface KeycloakProcess {
  /** Where it is, without a path. */
  readonly origin: string
  readonly adminPassword: string
  /** Ends it, by its process. */
  stop(): Promise<void>
}

const VERSION = '26.7.3'
const HOST = '127.0.0.1'
const BUILD_TIMEOUT_MS = 480_000
const START_TIMEOUT_MS = 180_000
const LONGEST_RUN_MS = 1_800_000
const SERVER = [
  ...['-Xms64m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'],
  '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
  '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
]

/** The unpacked distribution, built for a database in memory: from Maven on first use, then from the cache. */
async function keycloakHome(onProgress: Progress): Promise<string> {
  const folder = `keycloak-${VERSION}`
  const name = `${folder}-memory`
  const directory = await cached(name, async (unfinished) => {
    onProgress(`fetching Keycloak ${VERSION} by Maven (176 MB, once)`)
    const { stdout, stderr, code } = await runMaven(
      [
        `org.apache.maven.plugins:maven-dependency-plugin:${DEPENDENCY_PLUGIN_VERSION}:unpack`,
        `-Dartifact=org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`,
        `-DoutputDirectory=${unfinished}`,
      ],
      unfinished,
    )
    if (code !== 0) throw new JarDownloadError(`keycloak ${VERSION}`, lastLines(`${stdout}${stderr}`, 12))
    onProgress('building Keycloak for a database in memory (a minute or two, once)')
    const options = ['build', '--db=dev-mem', '--cache=local', '--health-enabled=true']
    const built = await runProgram('sh', [join(unfinished, folder, 'bin', 'kc.sh'), ...options], {
      timeoutMs: BUILD_TIMEOUT_MS,
    })
    if (built.code !== 0) throw new JavaProgramError('kc.sh build', lastLines(`${built.stdout}${built.stderr}`, 12))
  })
  return join(directory, folder)
}

/**
 * Starts Keycloak on free loopback ports. It ends with this process, however that ends.
 *
 * @throws {JarDownloadError} `ERR_TEST_JAR_DOWNLOAD`
 * @throws {JavaProgramError} `ERR_TEST_JAVA_PROGRAM` when it ends before it is ready
 */
export async function startKeycloakProcess(onProgress: Progress = () => {}): Promise<KeycloakProcess> {
  const home = await keycloakHome(onProgress)
  const { java } = await findJava()
  const [port = 0, managementPort = 0] = await freePorts(2)
  const adminPassword = randomBytes(12).toString('hex')
  const ending = new AbortController()
  let output = ''
  // Java itself and not its script: what is ended by its id is then the server.
  const running = runProgram(
    java,
    [
      ...SERVER,
      ...[`-Dkc.home.dir=${home}`, `-Djboss.server.config.dir=${join(home, 'conf')}`, '-Dkc.config.built=true'],
      ...['-cp', join(home, 'lib', 'quarkus-run.jar'), 'io.quarkus.bootstrap.runner.QuarkusEntryPoint'],
      ...['start', '--optimized', '--http-enabled=true', '--hostname-strict=false', `--http-host=${HOST}`],
      ...[`--http-port=${port}`, `--http-management-port=${managementPort}`],
    ],
    {
      env: { ...process.env, KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: adminPassword },
      timeoutMs: LONGEST_RUN_MS,
      signal: ending.signal,
      onStdout: (text) => {
        output = `${output}${text}`.slice(-20_000)
      },
    },
  )
  const stop = async (): Promise<void> => {
    ending.abort()
    await running
  }
  const origin = `http://${HOST}:${port}`
  onProgress('starting Keycloak')
  const isReady = until('keycloak', () => answers(`${origin}/realms/master/.well-known/openid-configuration`), {
    timeoutMs: START_TIMEOUT_MS,
    everyMs: 250,
  })
  const early = running.then(() => {
    throw new JavaProgramError('keycloak', lastLines(output, 20))
  })
  early.catch(() => undefined)
  try {
    await Promise.race([isReady, early])
  } catch (cause) {
    isReady.catch(() => undefined)
    await stop()
    throw cause
  }
  return { origin, adminPassword, stop }
}

async function answers(url: string): Promise<boolean> {
  return (await fetch(url)).status === 200
}
