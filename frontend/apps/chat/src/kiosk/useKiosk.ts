/** A visit's course (`visit.ts`) tied to the running conversation: news go in, what follows is done. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { useCall } from '../stores/call'
import { useConversation } from '../stores/conversation'
import { useSettings } from '../stores/settings'
import type { KioskConfig, Language } from './config'
import { momentOf } from './hours'
import { useAskingAgain } from './useAskingAgain'
import { useEar } from './useEar'
import { begin, isExpected, isVisited, next, type News } from './visit'

const TICK_MS = 500
/** No two ticks lie so far apart by the clock, unless the computer slept (or its clock was put right). */
const SLEPT_MS = 90_000

export function useKiosk(config: KioskConfig) {
  const call = useCall()
  const conversation = useConversation()
  const settings = useSettings()
  const now = ref(momentOf(new Date()))
  const kiosk = shallowRef(next(begin(now.value), { type: 'time' }, now.value, config.rules))
  const stage = computed(() => kiosk.value.stage)
  /** What the visitor speaks, as far as the screen has been told. */
  const language = ref<Language>(config.languages[0]!)
  const isUnwelcome = useAskingAgain()
  const listen = useEar(
    () => isVisited(kiosk.value),
    () => kiosk.value.busy,
  )
  let tickedAt = Date.now()
  let greetings = 0

  function tell(news: News): void {
    now.value = momentOf(new Date())
    kiosk.value = next(kiosk.value, news, now.value, config.rules)
  }

  function came(spoken?: Language): void {
    call.unlock()
    // What was chosen by who is still to be greeted holds, whatever else is touched or seen meanwhile.
    const isNew = !isVisited(kiosk.value) && !isExpected(kiosk.value, momentOf(new Date()))
    if (spoken || isNew) speak(spoken)
    tell({ type: 'came' })
  }

  /** Where the screen was not told, the service hears for itself what is spoken. */
  function speak(spoken?: Language): void {
    const only = config.languages.length === 1 ? config.languages[0]! : 'auto'
    language.value = spoken ?? config.languages[0]!
    settings.language = spoken ?? only
  }

  /** The clock that times a visit stands still while the computer sleeps; the other goes on. */
  function tick(): void {
    const sleptMs = Date.now() - tickedAt
    tickedAt += sleptMs
    tell({ type: sleptMs >= SLEPT_MS ? 'slept' : 'time' })
  }

  async function greet(): Promise<void> {
    const mine = ++greetings
    await listen()
    const isWaitedFor = stage.value === 'greeting' && mine === greetings
    const words = config.greetings[language.value]
    if (isWaitedFor && words) call.say(words)
  }

  const ticker = setInterval(tick, TICK_MS)
  onScopeDispose(() => clearInterval(ticker))

  watch(
    kiosk,
    (after, before) => {
      // A line that breaks takes the greeting with it.
      const isAnew = before.stage !== 'greeting' || (before.downSinceMs !== null && after.downSinceMs === null)
      if (after.stage === 'greeting' && isAnew) void greet()
      if (isVisited(before) && !isVisited(after)) call.forget()
    },
    { flush: 'sync' },
  )
  watch(
    () => call.phase,
    (phase) => {
      tell({ type: 'line', isUp: phase !== 'connecting' && phase !== 'offline' })
      tell({ type: 'face', busy: ['thinking', 'speaking', 'hearing'].includes(phase) })
    },
    { immediate: true },
  )
  watch(
    () => [conversation.hearing, conversation.lines.length],
    () => {
      if (conversation.hearing || conversation.lines.at(-1)?.role === 'user') tell({ type: 'sign' })
    },
  )

  speak()
  return { kiosk, stage, language, now, isUnwelcome, tell, came }
}
