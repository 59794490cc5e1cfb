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
        count = 0; first = -1; last = -1;
        process([[samples]]) {
            for (const sample of samples ?? []) {
                if (Math.abs(sample) > 0.01) {
                    if (this.first < 0) this.first = this.count;
                    this.last = this.count;
                }
                this.count += 1;
            }
            if (currentFrame % 12800 === 0) this.port.postMessage(this.last - this.first);
            return true;
        }
    })`;
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(url);
    const video = document.querySelector('[data-testid=stream-video]');
    const mono = { channelCount: 1, channelCountMode: 'explicit' };
    const ear = new AudioWorkletNode(context, 'ear', mono);
    ear.port.onmessage = ({ data }) => { window.heard_s = data / context.sampleRate; };
    context.createMediaElementSource(video).connect(ear).connect(context.destination);
}"""
"""From here on `heard_s` is the time from the first sound of the stream's element to the last."""

HEARD_AND_SENT_S = """async () => {
    const bytes = await new Blob(window.media).arrayBuffer();
    const rate = 16000;
    const sent = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
    const samples = sent.getChannelData(0);
    const loud = (sample) => Math.abs(sample) > 0.01;
    const sent_s = (samples.findLastIndex(loud) - samples.findIndex(loud)) / rate;
    return [window.heard_s, sent_s];
}"""
"""Seconds from the first sound to the last: as heard, and as in the stream that was sent."""

MEASURES = """name => performance.getEntriesByName(`avatar-chat:${name}`)
    .map(({ duration, detail }) => ({ duration, ...detail }))"""
"""What the page measured of its replies."""
