/** Asks the service. Addresses are relative, so that the page works below any path of a proxy. */
import { savedToken } from './token'

/** The service answers, but not to us. */
export class Forbidden extends Error {}

const PATIENCE_MS = 10_000

/** Throws Forbidden, or whatever kept the answer from coming. */
export async function ask<T>(path: string): Promise<T> {
  const token = savedToken()
  const response = await fetch(`../${path}`, {
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  if (response.status === 401 || response.status === 403) throw new Forbidden(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return (await response.json()) as T
}
