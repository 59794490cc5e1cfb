/**
 * Whether a key belongs to the input method, not to the page. Safari ends the composition before the
 * key that ends it, which only the old code 229 still tells from a key of the writer's own.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229
}
