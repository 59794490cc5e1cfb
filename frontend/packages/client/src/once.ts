/** Resolves at the event, or when it has not come within the time. */
export function once(target: EventTarget, event: string, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer)
      target.removeEventListener(event, over)
      resolve()
    }
    const timer = setTimeout(over, withinMs)
    target.addEventListener(event, over)
  })
}
