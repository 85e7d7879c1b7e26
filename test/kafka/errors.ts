import { HeadgateError } from '@headgate/core'

const OWN_CLUSTER =
  'or set KAFKA_BOOTSTRAP_SERVERS, KAFKA_USERNAME and KAFKA_PASSWORD for the demo on a cluster of your own'

/** There is no usable Java on this machine. */
export class JavaMissingError extends HeadgateError<'ERR_TEST_JAVA_MISSING'> {
  readonly code = 'ERR_TEST_JAVA_MISSING'

  constructor(found: string, cause?: unknown) {
    super({
      message: `${found}: install a JDK of version 17 or newer and put it on the PATH or name it in JAVA_HOME, ${OWN_CLUSTER}`,
      cause,
    })
  }
}

/** Maven is not on the PATH and the jars it would fetch are not in the cache. */
export class MavenMissingError extends HeadgateError<'ERR_TEST_MAVEN_MISSING'> {
  readonly code = 'ERR_TEST_MAVEN_MISSING'

  constructor(cause?: unknown) {
    super({ message: `no \`mvn\` on the PATH: install Apache Maven 3.8 or newer, ${OWN_CLUSTER}`, cause })
  }
}

/** Maven ran and did not bring the jars. */
export class JarDownloadError extends HeadgateError<'ERR_TEST_JAR_DOWNLOAD'> {
  readonly code = 'ERR_TEST_JAR_DOWNLOAD'

  constructor(artifact: string, output: string) {
    super({ message: `${artifact}: maven could not fetch it: ${output}`, retryable: true, details: { artifact } })
  }
}

/** A Java program of the fixture (a compiler run, a format run) failed. */
export class JavaProgramError extends HeadgateError<'ERR_TEST_JAVA_PROGRAM'> {
  readonly code = 'ERR_TEST_JAVA_PROGRAM'

  constructor(program: string, output: string) {
    super({ message: `${program} failed: ${output}`, details: { program } })
  }
}

/** A broker did not come up; the message ends with the last lines of its log. */
export class KafkaStartError extends HeadgateError<'ERR_TEST_KAFKA_START'> {
  readonly code = 'ERR_TEST_KAFKA_START'

  constructor(reason: string, lastLines: string, cause?: unknown) {
    super({ message: `kafka did not start: ${reason}\n${lastLines}`, cause })
  }
}

/** Somebody took a port between its choice and the broker's bind; other ports are tried. */
export class PortTakenError extends HeadgateError<'ERR_TEST_PORT_TAKEN'> {
  readonly code = 'ERR_TEST_PORT_TAKEN'

  constructor(brokerId: number) {
    super({ message: `broker ${brokerId}: a port was taken meanwhile`, retryable: true, details: { brokerId } })
  }
}

/** A condition did not come true in its time. */
export class WaitedTooLongError extends HeadgateError<'ERR_TEST_WAITED_TOO_LONG'> {
  readonly code = 'ERR_TEST_WAITED_TOO_LONG'

  constructor(what: string, timeoutMs: number, cause?: unknown) {
    super({ message: `${what}: not within ${timeoutMs} ms`, details: { timeoutMs }, cause })
  }
}

/** The broker answered a request of the fixture with an error code. */
export class BrokerAnswerError extends HeadgateError<'ERR_TEST_BROKER_ANSWER'> {
  readonly code = 'ERR_TEST_BROKER_ANSWER'

  constructor(request: string, errorCode: number) {
    super({ message: `${request}: answered with error code ${errorCode}`, details: { request, errorCode } })
  }
}

/** The call needs a cluster that the fixture itself started, or a listener or user that it was not given. */
export class NotInThisClusterError extends HeadgateError<'ERR_TEST_NOT_IN_THIS_CLUSTER'> {
  readonly code = 'ERR_TEST_NOT_IN_THIS_CLUSTER'

  constructor(what: string) {
    super({ message: `${what}: not in this cluster` })
  }
}
