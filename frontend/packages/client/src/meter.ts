/**
 * What a reply was like for the one who watched it, written into the browser's own performance
 * timeline, where any tool can read it (`performance.getEntriesByType('measure')`). Times in ms.
 *
 * - `avatar-chat:answer`: from the question to the first picture of its answer on the screen;
 * - `avatar-chat:gap`: the pictures stood still, or jumped, by more than a picture;
 *   `detail.gap_ms` is negative for a jump ahead, `detail.media_ms` says where;
 * - `avatar-chat:stall`: the element had nothing to play; `detail.media_ms` says where.
 */
import { isInSight } from './curtain'

const ANSWER = 'avatar-chat:answer'
const GAP = 'avatar-chat:gap'
const STALL = 'avatar-chat:stall'
const MOST_KEPT = 1000

interface Frame {
  mediaTime: number
  presentationTime: number
}

interface VideoWithFrames {
  requestVideoFrameCallback?: (callback: (now: number, frame: Frame) => void) => number
}

export class Meter {
  private askedMs: number | null = null

  /** Watches these elements for as long as they live. */
  constructor(videos: HTMLVideoElement[]) {
    for (const video of videos) this.watch(video)
  }

  /** A question goes out now. */
  asked(): void {
    this.askedMs = performance.now()
  }

  private watch(video: HTMLVideoElement): void {
    const gaps = new GapFinder()
    const frames = video as VideoWithFrames
    const next = (_now: number, { mediaTime, presentationTime }: Frame): void => {
      frames.requestVideoFrameCallback!(next)
      if (!isInSight(video)) return
      this.answered(presentationTime)
      const gapMs = gaps.shown(mediaTime, presentationTime)
      if (gapMs !== null) noteGap(presentationTime, gapMs, mediaTime)
    }
    frames.requestVideoFrameCallback?.(next)
    for (const event of ['pause', 'play', 'seeking', 'emptied']) {
      video.addEventListener(event, () => gaps.reset())
    }
    watchStalls(video)
  }

  private answered(nowMs: number): void {
    if (this.askedMs === null) return
    note(ANSWER, { start: this.askedMs, end: nowMs })
    this.askedMs = null
  }
}

/** The browser keeps all of them for ever; a page may stay open for months. */
function note(name: string, about: PerformanceMeasureOptions): void {
  if (performance.getEntriesByName(name, 'measure').length >= MOST_KEPT) performance.clearMeasures(name)
  performance.measure(name, about)
}

function noteGap(nowMs: number, gapMs: number, mediaTimeS: number): void {
  const detail = { gap_ms: Math.round(gapMs), media_ms: Math.round(mediaTimeS * 1000) }
  note(GAP, { start: nowMs - Math.max(0, gapMs), end: nowMs, detail })
}

function watchStalls(video: HTMLVideoElement): void {
  let sinceMs: number | null = null
  video.addEventListener('waiting', () => (sinceMs = video.currentTime > 0 ? performance.now() : null))
  for (const event of ['pause', 'emptied']) video.addEventListener(event, () => (sinceMs = null))
  video.addEventListener('playing', () => {
    if (sinceMs === null) return
    const detail = { media_ms: Math.round(video.currentTime * 1000) }
    note(STALL, { start: sinceMs, end: performance.now(), detail })
    sinceMs = null
  })
}

/** So many pictures, a second, are judged together: a busy machine shows quite a few of them late. */
const MANY = 25
const LIMIT_MS = 40
/** An element takes so long to get going. */
const RUN_UP_S = 0.2

/** Finds where media time fell behind the clock on the wall, or jumped ahead of it. Pure. */
export class GapFinder {
  private beganS: number | null = null
  private delaysMs: number[] = []
  private leastMs: number | null = null

  /** A picture was shown. Returns the gap before the last second of them, if there is one. */
  shown(mediaTimeS: number, wallMs: number): number | null {
    this.beganS ??= mediaTimeS
    if (mediaTimeS - this.beganS < RUN_UP_S) return null
    this.delaysMs.push(wallMs - mediaTimeS * 1000)
    return this.delaysMs.length < MANY ? null : this.judge()
  }

  /** What comes next has nothing to do with what was. */
  reset(): void {
    this.beganS = this.leastMs = null
    this.delaysMs = []
  }

  private judge(): number | null {
    const least = Math.min(...this.delaysMs)
    const gapMs = this.leastMs === null ? 0 : least - this.leastMs
    this.leastMs = least
    this.delaysMs = []
    return Math.abs(gapMs) > LIMIT_MS ? gapMs : null
  }
}
