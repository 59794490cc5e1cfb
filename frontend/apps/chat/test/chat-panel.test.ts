import { beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import ChatPanel from '../src/components/ChatPanel.vue'
import { useConversation } from '../src/stores/conversation'
import { mounted } from './mounted'

let root: HTMLElement
let scroller: HTMLElement
let conversation: ReturnType<typeof useConversation>
let jumps: number

/** 1000 px of talk, of which 400 are seen; where it scrolls to is told, not done. */
beforeEach(() => {
  root = mounted(ChatPanel)
  conversation = useConversation()
  jumps = 0
  scroller = root.querySelector<HTMLElement>('.scroller')!
  scroller.scrollTo = () => void (jumps += 1)
  for (const [name, value] of Object.entries({ scrollHeight: 1000, clientHeight: 400 })) {
    vi.spyOn(scroller, name as 'clientHeight', 'get').mockReturnValue(value)
  }
})

function scrollTo(top: number): void {
  scroller.scrollTop = top
  scroller.dispatchEvent(new Event('scroll'))
}

async function told(chunk: string): Promise<number> {
  const before = jumps
  conversation.receive({ session_id: 's', seq: 1, type: 'text_chunk', generation_id: 1, chunk })
  await nextTick()
  await nextTick()
  return jumps - before
}

test('who reads at the end sees the end, also while it is on its way there', async () => {
  for (const top of [0, 200, 600, 530]) {
    scrollTo(top)
    expect(await told('word ')).toBe(1)
  }
})

test('who has gone back stays there, until they come again', async () => {
  scrollTo(600)
  scrollTo(519)
  expect(await told('word ')).toBe(0)
  scrollTo(510)
  scrollTo(515)
  expect(await told('word ')).toBe(0)
  scrollTo(520)
  expect(await told('word ')).toBe(1)
})

test('or until they say something themselves', async () => {
  scrollTo(600)
  scrollTo(100)
  conversation.ask('Hello')
  await nextTick()
  await nextTick()
  expect(jumps).toBe(1)
  scrollTo(200)
  expect(await told('word ')).toBe(1)
})

test('a line that still grows is not read out yet', async () => {
  await told('word')
  const line = root.querySelector('[data-testid=message-assistant]')!
  expect(line.getAttribute('aria-busy')).toBe('true')
  conversation.cut()
  await nextTick()
  expect(line.getAttribute('aria-busy')).toBe('false')
})
