/** How a plain Kafka client signs in. */
export type ClientSasl =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
    }
  /** Kafka's built-in OAuth login: the client asks the identity provider itself. */
  | {
      readonly mechanism: 'OAUTHBEARER'
      readonly tokenEndpoint: string
      readonly clientId: string
      readonly clientSecret: string
    }

/** Where a plain Kafka client connects, and as whom. */
export interface ClientConnection {
  readonly bootstrap: string
  /** PEM file of the authority; without it the connection is plaintext. */
  readonly caPath?: string | undefined
  /** Absent for listeners that take anybody. */
  readonly sasl?: ClientSasl | undefined
}

/** `SASL_SSL` and its kin. */
export function securityProtocol({ caPath, sasl }: ClientConnection): string {
  const transport = caPath === undefined ? 'PLAINTEXT' : 'SSL'
  return sasl === undefined ? transport : `SASL_${transport}`
}
