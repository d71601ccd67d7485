// A user's session: hands out its access token, and renews it when the server takes it no longer.

import { Auth, type SessionTokens } from "./auth.js";
import { Http } from "./http.js";
import type { ClientOptions, Token } from "./options.js";

export interface SessionOptions extends Omit<ClientOptions, "token" | "serviceToken" | "user"> {
  /** As login, register or refresh answered. */
  tokens: SessionTokens;
  /** Hears the new tokens: keep them, the old refresh token is worth nothing any more. */
  onRenewed?: ((tokens: SessionTokens) => void) | undefined;
}

/**
 * A token function for `ClientOptions.token`. Calls that are refused at the same time share one
 * renewal. If the session has ended, the calls fail with the problem of `auth.refresh`.
 */
export function sessionToken(options: SessionOptions): Exclude<Token, string> {
  const { tokens, onRenewed, ...rest } = options;
  const auth = new Auth(new Http(rest));
  let current = tokens;
  let renewal: Promise<SessionTokens> | undefined;
  return async ({ rejected }) => {
    if (rejected !== current.accessToken) return current.accessToken;
    renewal ??= auth.refresh(current.refreshToken).finally(() => {
      renewal = undefined;
    });
    const renewed = await renewal;
    // The first of those who waited tells of it.
    if (renewed !== current) {
      current = renewed;
      onRenewed?.(renewed);
    }
    return current.accessToken;
  };
}
