import { HeadgateError } from '@headgate/core'

/** The gateway could not reach a broker. */
export class UpstreamUnreachableError extends HeadgateError<'ERR_GATEWAY_UPSTREAM_UNREACHABLE'> {
  readonly code = 'ERR_GATEWAY_UPSTREAM_UNREACHABLE'
}

/** A broker refused the gateway's own credential, or broke the sign-in protocol. */
export class UpstreamSignInError extends HeadgateError<'ERR_GATEWAY_UPSTREAM_SIGN_IN'> {
  readonly code = 'ERR_GATEWAY_UPSTREAM_SIGN_IN'
}

/** The brokers tell no access rules, or one that is not understood. */
export class ClusterAclsError extends HeadgateError<'ERR_GATEWAY_CLUSTER_ACLS'> {
  readonly code = 'ERR_GATEWAY_CLUSTER_ACLS'
}

/** A broker answered something that does not fit what was asked. */
export class UpstreamProtocolError extends HeadgateError<'ERR_GATEWAY_UPSTREAM_PROTOCOL'> {
  readonly code = 'ERR_GATEWAY_UPSTREAM_PROTOCOL'
}

/** A client sent something that Kafka's protocol, or the state of its connection, does not allow. */
export class ClientProtocolError extends HeadgateError<'ERR_GATEWAY_CLIENT_PROTOCOL'> {
  readonly code = 'ERR_GATEWAY_CLIENT_PROTOCOL'
}

/** A client used an API or a version that the gateway does not offer. */
export class ApiNotOfferedError extends HeadgateError<'ERR_GATEWAY_API_NOT_OFFERED'> {
  readonly code = 'ERR_GATEWAY_API_NOT_OFFERED'
}

/** A client's frame is larger than the limit for its state. */
export class FrameLimitError extends HeadgateError<'ERR_GATEWAY_FRAME_LIMIT'> {
  readonly code = 'ERR_GATEWAY_FRAME_LIMIT'
}

/** A client sent a request before it signed in, or did not sign in within the time allowed. */
export class NotSignedInError extends HeadgateError<'ERR_GATEWAY_NOT_SIGNED_IN'> {
  readonly code = 'ERR_GATEWAY_NOT_SIGNED_IN'
}

/** A client went on after its session had ended, without signing in anew. */
export class SessionExpiredError extends HeadgateError<'ERR_GATEWAY_SESSION_EXPIRED'> {
  readonly code = 'ERR_GATEWAY_SESSION_EXPIRED'
}

/** A port that the configuration names could not be bound. */
export class ListenError extends HeadgateError<'ERR_GATEWAY_LISTEN'> {
  readonly code = 'ERR_GATEWAY_LISTEN'
}
