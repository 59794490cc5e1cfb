"""The looks of a waterfall page, as one style sheet."""

STYLE = """
:root { color-scheme: light dark; --bg: #f6f7f9; --card: #fff; --ink: #1c2330; --dim: #667085;
  --line: #e4e7ec; --user: #98a2b3; --final: #7a5af8; --first_token: #2e90fa;
  --first_sentence: #06aed4; --first_audio: #12b76a; --first_chunk: #f79009;
  --first_frame: #ef6820; --speech: #36bffa; --bad: #d92d20 }
@media (prefers-color-scheme: dark) {
  :root { --bg: #0c111d; --card: #161b26; --ink: #ececed; --dim: #94969c; --line: #2a313f;
    --user: #5d6b80; --speech: #0b6aa2; --bad: #f97066 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px }
h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere }
h2 { font-size: 16px; margin: 0; display: flex; gap: 8px; align-items: center }
header p { margin: 0 0 6px; color: var(--dim) }
header p b { color: var(--ink); font-weight: 600 }
.remark { padding: 10px 14px; border-left: 3px solid var(--first_chunk); background: var(--card);
  border-radius: 0 8px 8px 0; color: var(--ink) }
em { font: 600 11px/1 system-ui, sans-serif; letter-spacing: .02em; padding: 5px 9px;
  border-radius: 99px; background: var(--line); color: var(--dim) }
em.completed { background: color-mix(in srgb, var(--first_audio) 18%, transparent);
  color: color-mix(in srgb, var(--first_audio) 70%, var(--ink)) }
em.interrupted { background: color-mix(in srgb, var(--first_chunk) 20%, transparent);
  color: color-mix(in srgb, var(--first_chunk) 70%, var(--ink)) }
em.failed { background: color-mix(in srgb, var(--bad) 18%, transparent); color: var(--bad) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 18px 22px 16px; margin-top: 18px }
blockquote { margin: 10px 0 0; padding: 0 0 0 12px; border-left: 3px solid var(--line);
  font-size: 15px }
.sum { margin: 6px 0 14px; color: var(--dim) }
.sum b { color: var(--ink); white-space: nowrap }
.chart { position: relative; padding-top: 26px }
.axis { position: absolute; inset: 0 0 0 104px; pointer-events: none }
.tick { position: absolute; top: 20px; bottom: 0; border-left: 1px solid var(--line) }
.tick.zero { border-left: 1px solid var(--dim) }
.tick b { position: absolute; top: -20px; transform: translateX(-50%); white-space: nowrap;
  font-weight: 400; font-size: 11px; color: var(--dim) }
.row { display: flex; align-items: stretch; min-height: 26px; position: relative }
.row > span { width: 104px; flex: none; align-self: center; color: var(--dim); font-size: 13px }
.row > div { position: relative; flex: 1; padding: 4px 0; display: grid; gap: 2px }
.bar { position: relative; display: block; height: 16px; border-radius: 4px; min-width: 3px;
  background: var(--c) }
.row > div:has(.recorded + .replayed) .bar { height: 12px }
.row > div:has(.recorded + .replayed) .recorded {
  background: color-mix(in srgb, var(--c) 42%, var(--card)) }
.row > div:has(.recorded + .replayed) .recorded b { color: var(--dim); text-shadow: none }
i { font-style: normal }
.bar b { position: absolute; top: 50%; transform: translateY(-50%); white-space: nowrap;
  font-weight: 500; font-size: 11px; line-height: 1 }
.bar b.after { left: calc(100% + 6px) }
.bar b.inside { right: 6px; color: #fff; text-shadow: 0 1px 2px #0008 }
.dot { position: absolute; top: 50%; width: 9px; height: 9px; margin: -5px 0 0 -4px;
  border-radius: 50%; background: var(--c, var(--dim)); border: 1.5px solid var(--card) }
.dot.chunk { border-radius: 2px; --c: var(--first_chunk) }
.legend .dot { position: static; margin: 0; width: 9px; height: 9px; border: 0 }
.legend .dot.sentence { border-radius: 50% }
.dot.sentence { --c: var(--first_sentence) }
.dot.pause, .dot.resume { --c: var(--user) }
.dot.trouble, .dot.interrupted { --c: var(--bad); transform: rotate(45deg); border-radius: 2px }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 0;
  margin: 12px 0 0; font-size: 12px; color: var(--dim) }
.legend li { display: flex; align-items: center; gap: 6px }
.legend i { width: 12px; height: 12px; border-radius: 3px; background: var(--c) }
.legend .both i { background:
  linear-gradient(var(--user) 45%, transparent 45% 55%, var(--dim) 55%) }
.user { --c: var(--user) } .final { --c: var(--final) } .first_token { --c: var(--first_token) }
.first_sentence { --c: var(--first_sentence) } .first_audio { --c: var(--first_audio) }
.first_chunk { --c: var(--first_chunk) } .first_frame { --c: var(--first_frame) }
.speech { --c: var(--speech) }
"""
