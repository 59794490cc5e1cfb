/** What the page knows of the service, and how it keeps knowing it. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { ask, Forbidden } from '../lib/api'
import { withMore } from '../lib/lines'
import { keepDoing, type Pace } from '../lib/pace'
import { forgetToken, savedToken, saveToken } from '../lib/token'
import type { Avatar, History, Line, Lines, Status, Turn } from '../lib/types'
import { verdictOn } from '../lib/verdict'

const STATUS_MS = 1000
const HISTORY_MS = 15_000

export const useMonitor = defineStore('monitor', () => {
  const status = shallowRef<Status | null>(null)
  const history = shallowRef<History | null>(null)
  const lines = shallowRef<Line[]>([])
  const turns = shallowRef<Turn[]>([])
  const avatars = shallowRef<Avatar[]>([])
  const isReached = ref(true)
  const heardAt = ref<Date | null>(null)
  const minutes = ref(60)
  const chosen = ref<string | null>(null)
  const wasRefused = ref(false)

  const isOperator = computed(() => status.value?.live !== null)
  const live = computed(() => [...(status.value?.live ?? [])].sort((a, b) => a.place - b.place))
  const session = computed(
    () => live.value.find((one) => one.session_id === chosen.value) ?? mostLively(live.value) ?? null,
  )
  const verdict = computed(() => verdictOn(status.value, isReached.value, history.value?.alerts ?? null))

  let paces: Pace[] = []
  let newestLine = 0

  function start(): void {
    paces = [keepDoing(look, STATUS_MS), keepDoing(lookBack, HISTORY_MS)]
  }

  function stop(): void {
    for (const pace of paces) pace.stop()
  }

  async function look(): Promise<void> {
    try {
      const now = await ask<Status>('api/status')
      if (now.started_at !== status.value?.started_at) await meet(now)
      status.value = now
      isReached.value = true
      heardAt.value = new Date()
    } catch (error) {
      isReached.value = false
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
  async function meet(now: Status): Promise<void> {
    newestLine = 0
    lines.value = []
    if (now.ready.ready || !avatars.value.length) avatars.value = await ask<Avatar[]>('api/avatars')
  }

  async function follow(): Promise<void> {
    const more = await ask<Lines>(`api/status/log?after=${newestLine}`)
    newestLine = more.newest
    if (more.lines.length) lines.value = withMore(lines.value, more.lines)
  }

  async function lookBack(): Promise<void> {
    try {
      history.value = await ask<History>(`api/status/history?minutes=${minutes.value}`)
    } catch (error) {
      if (!(error instanceof Forbidden)) throw error
      history.value = null
    }
  }

  async function lookAtTurns(id: string | undefined): Promise<void> {
    const found = id ? await ask<Turn[]>(`api/status/sessions/${id}`).catch(() => []) : []
    if (id === session.value?.session_id) turns.value = found
  }

  /** Another session, or another reply of it. */
  watch(
    () => [session.value?.session_id, session.value?.last_turn?.generation] as const,
    ([id], [before]) => {
      if (id !== before) turns.value = []
      void lookAtTurns(id)
    },
  )
  watch(minutes, () => paces[1]?.hurry())

  function signIn(token: string): void {
    saveToken(token)
    for (const pace of paces) pace.hurry()
  }

  function signOut(): void {
    forgetToken()
    for (const pace of paces) pace.hurry()
  }

  return {
    ...{ status, history, lines, turns, avatars, isReached, heardAt, minutes, chosen, wasRefused },
    ...{ isOperator, live, session, verdict, start, stop, signIn, signOut },
  }
})

/** Who speaks, else who was there last with a reply to show. */
function mostLively<T extends { state: string; idle_s: number; last_turn: unknown }>(live: T[]): T | undefined {
  const withReply = live.filter((one) => one.last_turn)
  return [...withReply].sort((a, b) => a.idle_s - b.idle_s)[0] ?? live[0]
}
