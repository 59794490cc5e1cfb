"""Scripts put into the page before it runs: a way in for a test, and ears."""

OPEN_SOCKET = """
    const RealSocket = WebSocket;
    window.media = [];
    window.WebSocket = class extends RealSocket {
        constructor(...address) {
            super(...address);
            window.socket = this;
            this.addEventListener('message', ({ data }) => {
                if (data instanceof ArrayBuffer) window.media.push(data);
            });
        }
    };
"""
"""`socket`: the page's line, to say on it what the page has no button for; `media`: what came."""

NO_SOCKET = """
    const RealSocket = WebSocket;
    window.WebSocket = class extends RealSocket {
        constructor() { super('ws://127.0.0.1:9/'); }
    };
"""
"""A network on which no WebSocket opens."""

LISTEN = """async () => {
    const context = new AudioContext();
    const code = `registerProcessor('ear', class extends AudioWorkletProcessor {
        process([[samples]]) { if (samples) this.port.postMessage(samples.slice()); return true; }
    })`;
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(url);
    const video = document.querySelector('[data-testid=stream-video]');
    const source = context.createMediaElementSource(video);
    const ear = new AudioWorkletNode(context, 'ear', { channelCount: 1, channelCountMode: 'explicit' });
    window.heard = [];
    ear.port.onmessage = ({ data }) => window.heard.push(data);
    source.connect(ear).connect(context.destination);
    window.rate = context.sampleRate;
    window.span = (samples, rate) => {
        const loud = (sample) => Math.abs(sample) > 0.01;
        return (samples.findLastIndex(loud) - samples.findIndex(loud)) / rate;
    };
}"""
"""From here on everything that the stream's element sounds is kept in `heard`."""

HEARD_AND_SENT_S = """async () => {
    const join = (Kind, parts) => {
        const all = new Kind(parts.reduce((sum, part) => sum + part.length, 0));
        let at = 0;
        for (const part of parts) { all.set(part, at); at += part.length; }
        return all;
    };
    const bytes = join(Uint8Array, window.media.map((data) => new Uint8Array(data)));
    const sent = await new OfflineAudioContext(1, 1, window.rate).decodeAudioData(bytes.buffer);
    const heard = join(Float32Array, window.heard);
    return [window.span(heard, window.rate), window.span(sent.getChannelData(0), sent.sampleRate)];
}"""
"""Seconds from the first sound to the last: as heard, and as in the stream that was sent."""

MEASURES = """name => performance.getEntriesByName(`avatar-chat:${name}`)
    .map(({ duration, detail }) => ({ duration, ...detail }))"""
"""What the page measured of its replies."""
