/** Keeps the end of what grows in sight, unless the reader has gone back in it. */
import { nextTick, type Ref } from 'vue'

const NEAR_PX = 80

/** `scrolled` is to be called whenever the element was, `grown` before it is drawn larger. */
export function useFollowing(scroller: Readonly<Ref<HTMLElement | null>>) {
  let isFollowing = true
  let lastTop = 0

  /** The page itself only goes down, and may be on its way still: who goes up is the reader. */
  function scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = scroller.value!
    if (scrollHeight - clientHeight - scrollTop <= NEAR_PX) isFollowing = true
    else if (scrollTop < lastTop) isFollowing = false
    lastTop = scrollTop
  }

  /** `isOwn`: by words of the reader's own, which they want to see. */
  async function grown(isOwn: boolean): Promise<void> {
    isFollowing ||= isOwn
    if (!isFollowing) return
    await nextTick()
    scroller.value?.scrollTo({ top: scroller.value.scrollHeight, behavior: 'smooth' })
  }

  return { scrolled, grown }
}
