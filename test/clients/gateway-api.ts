import { request } from 'node:https'
import { recordForSweep } from '../sweep/recorder.ts'
import type { World } from '../world/start-world.ts'

/** A request to the gateway's HTTP API. */
export interface GatewayRequest {
  readonly method?: 'GET' | 'POST'
  /** Sent as JSON. */
  readonly body?: object
  /** Sent as a form, in place of `body`. */
  readonly form?: Readonly<Record<string, string>>
  readonly token?: string
}

/** What the gateway answered. */
export interface GatewayAnswer {
  readonly status: number
  readonly text: string
  /** The text, read as JSON. */
  json<T>(): T
}

/** Asks the gateway of a world over its HTTP API, and checks its certificate. */
export function askGateway(
  { httpUrl, ca }: Pick<World, 'httpUrl' | 'ca'>,
  path: string,
  { method = 'GET', body, form, token }: GatewayRequest = {},
): Promise<GatewayAnswer> {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${httpUrl}${path}`, { method, headers, ca: ca.pem }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if ((response.statusCode ?? 0) >= 400) recordForSweep('answer', text)
        resolve({ status: response.statusCode ?? 0, text, json: () => JSON.parse(text) })
      })
    })
    sent.on('error', reject)
    sent.end(form === undefined ? body && JSON.stringify(body) : new URLSearchParams(form).toString())
  })
}
