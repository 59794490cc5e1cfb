/** The operator's token: typed into the page, or at the end of its address (`#token=…`), which is
 * never sent to a server. It stays in this tab. */

const KEY = 'avatar-chat.admin-token'

export function savedToken(): string | null {
  return sessionStorage.getItem(KEY)
}

/** Less what no header can carry: something invisible often comes along where a token is copied from. */
export function saveToken(token: string): void {
  sessionStorage.setItem(KEY, token.replace(/[^\x21-\x7e]/g, ''))
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY)
}

/** Keep what the address brought, and take it out of the address. */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (!token) return
  saveToken(token)
  history.replaceState(null, '', location.pathname + location.search)
}
