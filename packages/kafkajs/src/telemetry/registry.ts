// Where every copy of OpenTelemetry's API, of its first major version, keeps what is registered.
const REGISTRY = Symbol.for('opentelemetry.js.api.1')

/**
 * Whether anything was ever registered with OpenTelemetry's API in this process.
 *
 * Where nothing is, the API has nothing to do, and is not even loaded: the build loads it when it is first touched.
 */
export function isApiUsed(): boolean {
  return REGISTRY in globalThis
}
