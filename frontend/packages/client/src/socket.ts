/** What a connection needs of its line; a `WebSocket` is one, a `PollingSocket` another. */
export interface Socket {
  readonly readyState: number
  binaryType: string
  onopen: ((event: Event) => unknown) | null
  onmessage: ((event: MessageEvent<string | ArrayBuffer>) => unknown) | null
  onclose: ((event: CloseEvent) => unknown) | null
  send(data: string | Int16Array<ArrayBuffer>): void
  close(code?: number): void
}
