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

HOLES = """
    class Holes {
        constructor(samples) { this.longest = samples; this.run = 0; this.count = 0; }
        hear(samples) {
            for (const sample of samples) {
                const size = Math.abs(sample);
                if (size < 1e-6) this.run += 1;
                else if (size > 1e-4 || this.run === 0) {
                    // What comes before the first sound is no hole.
                    if (this.began && this.run > this.longest) this.count += 1;
                    this.began ||= size > 0.01;
                    this.run = 0;
                }
            }
            return this.count;
        }
    }
"""
"""Counts the holes in a sound: where nothing at all is heard for more than so many samples."""

LISTEN = f"""async () => {{
    const context = new AudioContext();
    const code = `{HOLES} registerProcessor('ear', class extends AudioWorkletProcessor {{
        holes = new Holes(0.04 * sampleRate);
        process([[samples]]) {{
            const count = this.holes.hear(samples ?? []);
            if (currentFrame % 12800 === 0) this.port.postMessage(count);
            return true;
        }}
    }})`;
    const url = URL.createObjectURL(new Blob([code], {{ type: 'text/javascript' }}));
    await context.audioWorklet.addModule(url);
    const video = document.querySelector('[data-testid=stream-video]');
    const mono = {{ channelCount: 1, channelCountMode: 'explicit' }};
    const ear = new AudioWorkletNode(context, 'ear', mono);
    ear.port.onmessage = ({{ data }}) => {{ window.heard_holes = data; }};
    context.createMediaElementSource(video).connect(ear).connect(context.destination);
}}"""
"""From here on `heard_holes` counts the holes over 40 ms in what the stream's element sounds."""

HEARD_AND_SENT = f"""async () => {{
    {HOLES}
    const rate = 16000;
    const bytes = await new Blob(window.media).arrayBuffer();
    const sent = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
    // Pauses that speech makes itself come out a little longer or shorter at another rate.
    const holes = new Holes(0.03 * rate).hear(sent.getChannelData(0));
    return {{ heard_holes: window.heard_holes, sent_holes: holes, sent_s: sent.duration }};
}}"""
"""Holes in what was heard and in the stream that was sent, and how long that is."""

MEASURES = """name => performance.getEntriesByName(`avatar-chat:${name}`)
    .map(({ duration, detail }) => ({ duration, ...detail }))"""
"""What the page measured of its replies."""
