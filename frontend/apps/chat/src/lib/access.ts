/** The service's access token, where the page was given one. */

/** `#token=…` in the page's address; a fragment is never sent to a server, nor logged by one. */
export function accessToken(fragment = location.hash): string | null {
  return new URLSearchParams(fragment.slice(1)).get('token')
}

export function authorization(): Record<string, string> {
  const token = accessToken()
  return token ? { Authorization: `Bearer ${token}` } : {}
}
