/** What the page knows of the service, and how it keeps knowing it. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { ask, Forbidden } from '../lib/api'
import { withMore } from '../lib/lines'
import { keepDoing, type Pace } from '../lib/pace'
import { forgetToken, savedToken, saveToken } from '../lib/token'
import type { Avatar, History, Line, Lines, Live, Status, Turn } from '../lib/types'
import { verdictOn, type Verdict } from '../lib/verdict'

const STATUS_MS = 1000
const HISTORY_MS = 15_000
const FACES_MS = 15_000
const LOCKED: Verdict = { level: 'unknown', headline: 'Locked', reasons: [] }
/** A session that has been idle for longer is not followed any more. */
const PATIENCE_S = 20

export const useMonitor = defineStore('monitor', () => {
  const status = shallowRef<Status | null>(null)
  const history = shallowRef<History | null>(null)
  const lines = shallowRef<Line[]>([])
  const turns = shallowRef<Turn[]>([])
  const avatars = shallowRef<Avatar[]>([])
  const isReached = ref(true)
  /** Not even the numbers that everybody may see: something before the service wants a token. */
  const isLocked = ref(false)
  const minutes = ref(60)
  /** Whose replies are shown: whom somebody clicked on, else who was answered of late. */
  const chosen = ref<string | null>(null)
  const followed = ref<string | null>(null)
  const wasRefused = ref(false)

  const isOperator = computed(() => Boolean(status.value?.live))
  const live = computed(() => [...(status.value?.live ?? [])].sort((a, b) => a.place - b.place))
  const session = computed(() => {
    const wanted = [chosen.value, followed.value]
    return wanted.flatMap((id) => live.value.find((one) => one.session_id === id) ?? [])[0] ?? null
  })
  /** Faces of those who are here that the page has not been told of. */
  const strangers = computed(() => {
    const known = new Set(['', ...avatars.value.map((one) => one.id)])
    return [...new Set(live.value.map((one) => one.avatar))].filter((id) => !known.has(id)).join(' ')
  })
  /** What is to be seen of the session's replies: changes with each. */
  const newestReply = computed(() => {
    const { session_id, last_turn } = session.value ?? {}
    return last_turn ? `${session_id} ${last_turn.generation}` : ''
  })
  const verdict = computed(() =>
    isLocked.value ? LOCKED : verdictOn(status.value, isReached.value, history.value?.alerts ?? null),
  )

  let paces: Record<'status' | 'history' | 'faces' | 'turns', Pace> | null = null
  let newestLine = 0
  let knownReply = ''

  function start(): void {
    paces = {
      status: keepDoing(look, STATUS_MS),
      history: keepDoing(lookBack, HISTORY_MS),
      faces: keepDoing(lookAtFaces, FACES_MS),
      turns: keepDoing(lookAtTurns, STATUS_MS),
    }
  }

  function stop(): void {
    for (const pace of Object.values(paces ?? {})) pace.stop()
  }

  async function look(): Promise<void> {
    try {
      const now = await ask<Status>('api/status')
      isLocked.value = false
      if (now.started_at !== status.value?.started_at) meet()
      status.value = now
      followed.value = nextToFollow(now.live ?? [], followed.value)
      isReached.value = true
    } catch (error) {
      isLocked.value = error instanceof Forbidden
      isReached.value = isLocked.value
      if (isLocked.value) {
        status.value = null
        wasRefused.value = savedToken() !== null
      }
      throw error
    }
    if (!isOperator.value) {
      wasRefused.value = savedToken() !== null
      return
    }
    wasRefused.value = false
    await follow()
  }

  /** A service that started anew counts its lines from 1, and may have other faces. */
  function meet(): void {
    newestLine = 0
    lines.value = []
    paces?.faces.hurry()
  }

  async function lookAtFaces(): Promise<void> {
    avatars.value = await ask<Avatar[]>('api/avatars')
  }

  async function follow(): Promise<void> {
    const more = await ask<Lines>(`api/status/log?after=${newestLine}`)
    newestLine = more.newest
    if (more.lines.length) lines.value = withMore(lines.value, more.lines)
  }

  async function lookBack(): Promise<void> {
    const mayAsk = status.value?.live
    history.value = mayAsk ? await ask<History>(`api/status/history?minutes=${minutes.value}`) : null
  }

  /** Only when there is another reply; until it is told, what was known stays. */
  async function lookAtTurns(): Promise<void> {
    const wanted = newestReply.value
    if (wanted === knownReply) return
    const found = await ask<Turn[]>(`api/status/sessions/${session.value!.session_id}`)
    if (wanted !== newestReply.value) return
    turns.value = found
    knownReply = wanted
  }

  watch(
    () => session.value?.session_id,
    () => {
      turns.value = []
      knownReply = ''
    },
  )
  watch(newestReply, () => paces?.turns.hurry())
  watch(strangers, (ids) => ids && paces?.faces.hurry())
  watch([minutes, isOperator], () => paces?.history.hurry())

  /** A second time lets go of it. */
  function choose(id: string): void {
    chosen.value = chosen.value === id ? null : id
  }

  function signIn(token: string): void {
    saveToken(token)
    lookAnew()
  }

  function signOut(): void {
    forgetToken()
    lookAnew()
  }

  function lookAnew(): void {
    for (const pace of Object.values(paces ?? {})) pace.hurry()
  }

  return {
    ...{ status, history, lines, turns, avatars, isReached, isLocked, minutes, wasRefused },
    ...{ isOperator, live, session, verdict, start, stop, choose, signIn, signOut },
  }
})

/** Who has a reply to show and spoke last; but not somebody else every moment. */
function nextToFollow(live: Live[], followed: string | null): string | null {
  const now = live.find((one) => one.session_id === followed)
  if (now?.last_turn && now.attached && now.idle_s < PATIENCE_S) return followed
  const withReply = live.filter((one) => one.last_turn).sort((a, b) => a.idle_s - b.idle_s)
  return (withReply[0] ?? now ?? live[0])?.session_id ?? null
}
