/**
 * The loops of a face that is not speaking, of which one is in sight: idle, listening, thinking.
 *
 * They are equally long and share one clock: at the same second they look nearly the same. So one
 * takes over from another wherever it is, by a short dissolve, once it has caught up. The elements
 * lie on each other in this order, idle below; it is always the upper one that fades.
 */
import { conceal, reveal } from './curtain'
import { Emitter } from './emitter'
import { loopDistance } from './loop-distance'
import { once } from './once'
import { whenPainted } from './painted'
import type { IdlePosition } from './protocol'

export type Clip = NonNullable<IdlePosition['clip']>
export type LoopElements = { idle: HTMLVideoElement } & Partial<Record<Clip, HTMLVideoElement>>

export interface LoopsEvents {
  /** Another loop is in sight from now on. */
  changed: Clip
}

const ORDER: Clip[] = ['idle', 'listening', 'thinking']
const DISSOLVE_MS = 200
/** A state that passes sooner than this is not worth a change. */
const PATIENCE_MS = 350
/** What a seek takes here is learned; this is reckoned with at first. */
const USUAL_SEEK_MS = 200
const LONGEST_SEEK_MS = 1000
/** Loops further apart than this are seen to jump. */
const APART_MS = 120
const TRIES = 2
/** A loop that could not be fetched, because the service was away, is fetched again after this. */
const FETCH_AGAIN_MS = 5_000
const HAVE_CURRENT_DATA = 2

export class Loops extends Emitter<LoopsEvents> {
  private shown: Clip = 'idle'
  private wanted: Clip = 'idle'
  /** The one that is about to be shown; else the one that is. */
  private heading: Clip = 'idle'
  private stands = false
  /** Grows whenever what was under way is overtaken. */
  private turn = 0
  private changedMs = -Infinity
  private patience: ReturnType<typeof setTimeout> | undefined
  private seekMs = USUAL_SEEK_MS

  constructor(private readonly elements: LoopElements) {
    super()
    for (const [, video] of this.above) {
      conceal(video, 0)
      video.addEventListener('canplay', () => this.change())
    }
    for (const video of this.all) {
      video.addEventListener('error', () => setTimeout(() => this.fetchAgain(video), FETCH_AGAIN_MS))
    }
    // Another face: its loops have yet to come.
    elements.idle.addEventListener('emptied', () => this.toIdle())
  }

  /** Every loop there is an element for. */
  get all(): HTMLVideoElement[] {
    return ORDER.flatMap((clip) => this.elements[clip] ?? [])
  }

  /** The one in sight. */
  get video(): HTMLVideoElement {
    return this.elements[this.shown]!
  }

  get clip(): Clip {
    return this.shown
  }

  /** Since when the one in sight has been so, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.changedMs
  }

  /** Shows this loop as soon as it can, if it is still wanted then; idle where there is no such. */
  want(clip: Clip): void {
    if (clip === this.wanted) return
    this.wanted = clip
    clearTimeout(this.patience)
    this.patience = setTimeout(() => this.change(), PATIENCE_MS)
  }

  /** Runs on, where the browser allows it. */
  run(): void {
    this.stands = false
    // A refused loop shows its poster until the first gesture; nothing is lost by it.
    this.video.play().catch(() => undefined)
    clearTimeout(this.patience)
    this.patience = setTimeout(() => this.change(), PATIENCE_MS)
  }

  stand(): void {
    this.stands = true
    this.turn += 1
    this.heading = this.shown
    for (const video of this.all) video.pause()
  }

  /** The idle loop, at once: for when nobody sees it. */
  toIdle(): void {
    this.turn += 1
    this.heading = 'idle'
    for (const [, video] of this.above) {
      video.pause()
      conceal(video, 0)
    }
    if (this.shown !== 'idle') this.showing('idle')
  }

  private get above(): [Clip, HTMLVideoElement][] {
    const present = ORDER.slice(1).map((clip) => [clip, this.elements[clip]] as const)
    return present.filter((pair): pair is [Clip, HTMLVideoElement] => pair[1] !== undefined)
  }

  private fetchAgain(video: HTMLVideoElement): void {
    if (!video.error) return // another face's loop has come meanwhile
    video.load()
    if (video === this.video && !this.stands) this.run()
  }

  private change(): void {
    const ready = (this.elements[this.wanted]?.readyState ?? 0) >= HAVE_CURRENT_DATA
    const to = ready ? this.wanted : 'idle'
    if (this.stands || to === this.heading) return
    this.heading = to
    const turn = ++this.turn
    if (to === this.shown) this.settle()
    else void this.changeTo(to, turn)
  }

  private async changeTo(to: Clip, turn: number): Promise<void> {
    const [from, next] = [this.video, this.elements[to]!]
    if (!(await this.catchUp(next, from, turn))) return
    next.play().catch(() => undefined)
    await whenPainted(next)
    if (turn === this.turn) this.dissolve(to, from, next)
  }

  /**
   * Puts a loop that stands ahead of the one that runs, by what a seek takes, and waits for the other
   * to come by. False when it is overtaken.
   */
  private async catchUp(next: HTMLVideoElement, running: HTMLVideoElement, turn: number): Promise<boolean> {
    next.pause()
    for (let tries = 0; tries < TRIES; tries += 1) {
      const beganMs = performance.now()
      next.currentTime = (running.currentTime + this.seekMs / 1000) % next.duration
      await once(next, 'seeked', LONGEST_SEEK_MS)
      if (turn !== this.turn) return false
      this.seekMs = Math.min(LONGEST_SEEK_MS, 1.2 * (performance.now() - beganMs))
      const aheadMs = 1000 * loopDistance(running.currentTime, next.currentTime, next.duration)
      if (aheadMs < -APART_MS) continue
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, aheadMs)))
      break
    }
    return turn === this.turn
  }

  private dissolve(to: Clip, from: HTMLVideoElement, next: HTMLVideoElement): void {
    const turn = this.turn
    const isUpward = ORDER.indexOf(to) > ORDER.indexOf(this.shown)
    if (isUpward) {
      reveal(next, DISSOLVE_MS)
    } else {
      reveal(next, 0)
      conceal(from, DISSOLVE_MS)
    }
    this.showing(to)
    setTimeout(() => turn === this.turn && this.settle(), DISSOLVE_MS)
  }

  /** Those out of sight rest. */
  private settle(): void {
    for (const video of this.all) if (video !== this.video) video.pause()
    for (const [clip, video] of this.above) if (clip !== this.shown) conceal(video, 0)
    this.change()
  }

  private showing(clip: Clip): void {
    this.shown = clip
    this.changedMs = performance.now()
    this.emit('changed', clip)
  }
}
