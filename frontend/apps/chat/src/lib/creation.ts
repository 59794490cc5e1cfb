/** How the service makes a face of a photo or video: its requests, and how far it is. */
import { authorization } from './access'

export type Step = 'find' | 'choose' | 'draw' | 'mark' | 'pack'

/** Whether who uses this page may make faces here. */
export interface Permission {
  allowed: boolean
  code: string | null
  max_mb: number
  max_name_chars: number
}

export interface Started {
  job: string
  steps: Step[]
}

export interface Progress {
  number: number
  state: 'working' | 'done' | 'refused' | 'cancelled'
  step: Step
  part: number
  avatar: string | null
  code: string | null
}

/** Why it does not work, by the service's code; `offline` where it did not answer. */
export class CreationRefused extends Error {
  constructor(readonly code: string) {
    super(code)
  }
}

/** How long each step usually takes, against the others. */
const WEIGHTS: Record<Step, number> = { find: 3, choose: 1, draw: 4, mark: 8, pack: 3 }

/** 0…1 of all steps. */
export function partOfAll(steps: readonly Step[], step: Step, part: number): number {
  const total = steps.reduce((sum, one) => sum + WEIGHTS[one], 0)
  const before = steps.slice(0, steps.indexOf(step)).reduce((sum, one) => sum + WEIGHTS[one], 0)
  return total > 0 ? (before + WEIGHTS[step] * part) / total : 0
}

export async function permission(): Promise<Permission> {
  return (await ask('GET', '/api/avatars/creation')).json() as Promise<Permission>
}

/** Sends a photo or video. `sent`: 0…1 of it is there. */
export function upload(file: Blob, name: string, sent: (part: number) => void, signal: AbortSignal): Promise<Started> {
  // fetch tells nothing of how far an upload is.
  const request = new XMLHttpRequest()
  request.open('POST', `/api/avatars?name=${encodeURIComponent(name)}`)
  for (const [header, value] of Object.entries(authorization())) request.setRequestHeader(header, value)
  request.responseType = 'json'
  request.upload.onprogress = ({ loaded, total }) => sent(total > 0 ? loaded / total : 0)
  signal.addEventListener('abort', () => request.abort())
  return new Promise((resolve, reject) => {
    request.onload = () => {
      if (request.status === 202) resolve(request.response as Started)
      else reject(new CreationRefused(codeIn(request.response)))
    }
    request.onerror = () => reject(new CreationRefused('offline'))
    request.onabort = () => reject(new CreationRefused('cancelled'))
    request.send(file)
  })
}

/** What there is to tell after `number`; waits for it. */
export async function progress(job: string, number: number): Promise<Progress> {
  return (await ask('GET', `/api/avatar-jobs/${job}?after=${number}`)).json() as Promise<Progress>
}

export async function cancel(job: string): Promise<void> {
  await ask('DELETE', `/api/avatar-jobs/${job}`)
}

export async function remove(avatar: string): Promise<void> {
  await ask('DELETE', `/api/avatars/${encodeURIComponent(avatar)}`)
}

async function ask(method: string, path: string): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { method, headers: authorization() })
  } catch (error) {
    console.info(`${path} did not answer:`, error)
    throw new CreationRefused('offline')
  }
  if (!response.ok) throw new CreationRefused(codeIn(await response.json().catch(() => null)))
  return response
}

function codeIn(body: unknown): string {
  const code = (body as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'internal'
}
