import type { Clock, LogPort } from '@headgate/core'
import { type Handler, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { KeyRings } from '../identity/key-ring.ts'
import { clientAddressOf } from './client-address.ts'
import { FailureLimit, limitFailures } from './failure-limit.ts'
import { addMetadataEndpoints } from './metadata-endpoints.ts'
import { answerProblem } from './problem-answer.ts'
import { answerTokenError } from './token-answer.ts'

/** Adds routes; those that a token or a body is asked for take the middleware, which counts refused requests. */
export type AddRoutes = (app: Hono, failures: MiddlewareHandler) => void

/** What the HTTP application is put together from. */
export interface HttpAppOptions {
  readonly config: GatewayConfig
  readonly log: LogPort
  readonly clock: Clock
  readonly token: Handler
  readonly bundle: Handler
  readonly revocation: Handler
  readonly keys: KeyRings
  readonly routes: readonly AddRoutes[]
  /** Whether the gateway serves. */
  readonly isReady: () => boolean
}

// A token of 128 KiB and the other parameters.
const MAX_BODY_BYTES = 163_840

const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => answerTokenError(c, { error: 'invalid_request', description: 'the body is too long' }, 413),
})

function addHealthEndpoints(app: Hono, isReady: () => boolean): void {
  const headers = { 'Cache-Control': 'no-store' }
  app.get('/healthz', (c) => c.json({ status: 'ok' }, 200, headers))
  app.get('/readyz', (c) => {
    const ready = isReady()
    return c.json({ status: ready ? 'ready' : 'not-ready' }, ready ? 200 : 503, headers)
  })
}

function addFallbacks(app: Hono, log: LogPort): void {
  app.on(['GET', 'PUT', 'PATCH', 'DELETE'], ['/token', '/revoke'], (c) =>
    answerProblem(c, { status: 405, title: 'only POST', code: 'ERR_GATEWAY_HTTP_METHOD' }, { Allow: 'POST' }),
  )
  app.notFound((c) => answerProblem(c, { status: 404, title: 'not found', code: 'ERR_GATEWAY_HTTP_NOT_FOUND' }))
  app.onError((error, c) => {
    // The message may quote a request; the class does not.
    const fields = { event: 'http-error', error: error.name, path: c.req.path, clientAddress: clientAddressOf(c) }
    log.error({ ...fields, code: 'ERR_GATEWAY_HTTP_INTERNAL' }, 'request failed')
    return answerProblem(c, { status: 500, title: 'internal error', code: 'ERR_GATEWAY_HTTP_INTERNAL' })
  })
}

/** Puts the HTTP application together. */
export function createHttpApp({
  config,
  log,
  clock,
  token,
  bundle,
  revocation,
  routes,
  keys,
  isReady,
}: HttpAppOptions): Hono {
  const app = new Hono()
  const failures = limitFailures(new FailureLimit(config.limits.maxFailedRequestsPerMinute, clock))
  app.use('*', async (c, next) => {
    await next()
    c.header('X-Content-Type-Options', 'nosniff')
  })
  app.post('/token', failures, limitBody, token)
  app.post('/revoke', failures, limitBody, revocation)
  app.get('/v1/bundle', failures, bundle)
  for (const addRoutes of routes) addRoutes(app, failures)
  addMetadataEndpoints(app, config, keys)
  addHealthEndpoints(app, isReady)
  addFallbacks(app, log)
  return app
}
