// How a client is set up.

/** Told to a token function. */
export interface TokenAsk {
  /**
   * A token that the server no longer takes, or whose stream it has just ended, which it does when
   * the token ends; hand out another one if there is one.
   */
  readonly rejected: string | undefined;
}

/** A token, or what is asked for one before each request. */
export type Token = string | ((ask: TokenAsk) => string | Promise<string>);

/** What one call may set for itself. */
export interface CallOptions {
  /** Ends the call, its pauses and its retries with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** How long one attempt may take. */
  timeoutMs?: number | undefined;
  /** How often the call is sent again. */
  retriesMax?: number | undefined;
  /** The user for whom the call is made, in place of the client's `user`. */
  user?: string | undefined;
  /** Hears the answer, beside its body. */
  onAnswer?: ((answer: Answer) => void) | undefined;
}

/** What a call of a write may set as well. */
export interface WriteOptions extends CallOptions {
  /** 1 to 255 characters; one is made for each call if none is given. */
  idempotencyKey?: string | undefined;
}

/** What there is to an answer beside its body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly requestId: string | undefined;
  /** Whether this is the first answer to the same key, told again. */
  readonly isReplayed: boolean;
  /** How often the request was sent. */
  readonly attempts: number;
}

export interface ClientOptions {
  /** Where NovaCore is, such as `https://usage.example.com`; the page's own origin if left out. */
  baseUrl?: string | undefined;
  /** A JWT or an API key: the calls go to `/api`. */
  token?: Token | undefined;
  /** The service token: the calls go to the paths without `/api`. Never in a browser. */
  serviceToken?: Token | undefined;
  /** The user for whom calls are made: with the service token, or a key with the scope `act_as`. */
  user?: string | undefined;
  /** How long one attempt may take; 30,000 if left out. */
  timeoutMs?: number | undefined;
  /** How often a call is sent again where that is safe; 3 if left out. */
  retriesMax?: number | undefined;
  /** Sent with each request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** In place of the global one. */
  fetch?: typeof fetch | undefined;
}
