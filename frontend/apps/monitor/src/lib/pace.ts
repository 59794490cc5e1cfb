/** Does a job again and again while somebody can see it: never twice at once, and not in a hidden
 * tab. What fails is tried again, ever more slowly. */

const SLOWEST_MS = 15_000

export interface Pace {
  /** At once, instead of when it would be due. */
  hurry(): void
  stop(): void
}

/** The interval lies between the end of one run and the begin of the next. */
export function keepDoing(job: () => Promise<void>, interval_ms: number): Pace {
  let timer: number | undefined
  let isRunning = false
  let isHurried = false
  let isStopped = false
  let failures = 0

  function runSoon(delay_ms: number): void {
    window.clearTimeout(timer)
    if (!document.hidden && !isStopped) timer = window.setTimeout(() => void run(), delay_ms)
  }

  async function run(): Promise<void> {
    if (isRunning) return
    isRunning = true
    isHurried = false
    try {
      await job()
      failures = 0
    } catch (error) {
      failures += 1
      console.info('It is tried again:', error)
    } finally {
      isRunning = false
      runSoon(isHurried ? 0 : Math.min(interval_ms * 2 ** failures, Math.max(SLOWEST_MS, interval_ms)))
    }
  }

  function onVisibility(): void {
    if (document.hidden) window.clearTimeout(timer)
    else runSoon(0)
  }

  document.addEventListener('visibilitychange', onVisibility)
  runSoon(0)
  return {
    hurry() {
      if (isRunning) isHurried = true
      else runSoon(0)
    },
    stop() {
      isStopped = true
      window.clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisibility)
    },
  }
}
