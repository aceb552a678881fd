/** The panel's looks: calm, roomy, readable in light, dark and forced colours; logical sides for both reading directions. */

export const STYLE = `
  .panel { --ink: #14171a; --soft: #5b6470; --line: #e6e8ec; --ground: #fff; --bot: #f3f4f6; --field: #f6f7f9; --alert: #b3261e;
    --accent: var(--ink-light); --live: #1a9c5b;
    --shadow: 0 0 0 1px rgb(16 24 40 / .05), 0 4px 12px rgb(16 24 40 / .07), 0 24px 56px -8px rgb(16 24 40 / .24); }
  @media (prefers-color-scheme: dark) {
    .panel { --ink: #eef0f3; --soft: #a7b0bd; --line: #2c323b; --ground: #16191e; --bot: #252a32; --field: #1f242b; --alert: #ff9a90;
      --accent: var(--ink-dark); --live: #4cc38a;
      --shadow: 0 0 0 1px rgb(255 255 255 / .09), 0 24px 56px -8px rgb(0 0 0 / .7); }
  }
  [hidden] { display: none !important; }
  .panel, .panel * { box-sizing: border-box; }
  .panel { position: fixed; inset-block-end: calc(92px + env(safe-area-inset-bottom)); inset-inline-end: 20px; z-index: 1;
    width: min(400px, calc(100vw - 40px)); height: min(680px, calc(100dvh - 116px)); display: flex; flex-direction: column;
    overflow: hidden; border-radius: 20px; color: var(--ink); background: var(--ground); box-shadow: var(--shadow);
    font: 15px/1.5 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; text-align: start;
    -webkit-font-smoothing: antialiased; overflow-wrap: anywhere; }
  .start .panel { inset-inline: 20px auto; }
  p, h2, ul, ol, fieldset { margin: 0; padding: 0; border: 0; }
  button, textarea { font: inherit; color: inherit; letter-spacing: inherit; }
  button { cursor: pointer; border: 0; background: none; padding: 0; -webkit-tap-highlight-color: transparent; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .scroll:focus-visible { outline-offset: -3px; border-radius: 12px; }
  .i { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
  .icon .i { width: 21px; height: 21px; }
  .menu .i { stroke-width: 3; }
  .sr { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

  header { display: flex; align-items: center; gap: 10px; padding: 14px 8px 14px 18px; border-block-end: 1px solid var(--line); flex: none; }
  header:dir(rtl) { padding: 14px 18px 14px 8px; }
  .who { flex: 1; min-width: 0; }
  h2 { font-size: 16px; line-height: 1.3; font-weight: 650; letter-spacing: -.01em; }
  .sub { font-size: 12.5px; text-wrap: balance; line-height: 1.4; color: var(--soft); }
  .icon { width: 44px; height: 44px; flex: none; display: grid; place-items: center; border-radius: 12px; color: var(--soft); }
  .icon:hover { background: var(--bot); color: var(--ink); }
  .close { order: 1; margin-inline-start: -8px; }
  .menu { position: relative; }
  .choices { position: absolute; z-index: 2; inset-block-start: 48px; inset-inline-end: 0; min-width: 220px; padding: 6px; border-radius: 14px;
    background: var(--ground); box-shadow: var(--shadow); }
  .choices button { display: block; width: 100%; min-height: 44px; padding: 8px 12px; border-radius: 9px; text-align: start; }
  .choices button:hover, .choices button:focus-visible { background: var(--bot); }
  .avatar { width: 30px; height: 30px; flex: none; display: grid; place-items: center; border-radius: 50%; color: var(--on); background: var(--fill);
    font-size: 13px; font-weight: 650; line-height: 1; }
  .avatar.human { color: var(--ground); background: var(--soft); }
  .avatar.head { position: relative; width: 42px; height: 42px; font-size: 18px; }
  .head::after { content: ""; position: absolute; inset-block-end: -1px; inset-inline-end: -1px; width: 9px; height: 9px; border-radius: 50%;
    border: 2.5px solid var(--ground); background: var(--live); }
  [data-connection=lost] .head::after, [data-connection=refused] .head::after, [data-status=closed] .head::after { background: #98a2b3; }
  [data-status=waiting] .head::after { background: #d98e04; }

  .middle { position: relative; flex: 1; min-height: 0; display: flex; }
  .scroll { flex: 1; min-width: 0; overflow: hidden auto; overscroll-behavior: contain; padding: 20px 16px 12px; overflow-anchor: none;
    scrollbar-width: thin; scrollbar-color: var(--line) transparent; }
  .log, .welcome { display: flex; flex-direction: column; }
  .msg { display: flex; align-items: flex-end; gap: 8px; margin-block-start: 16px; max-width: 100%; }
  .welcome .msg { margin-block-start: 0; }
  .msg.same { margin-block-start: 3px; }
  .msg:has(+ .same) .avatar { visibility: hidden; }
  .bubble { min-width: 0; max-width: min(82%, 60ch); padding: 10px 14px; border-radius: 18px; background: var(--bot); white-space: normal; }
  .bot .bubble, .human .bubble { border-end-start-radius: 5px; }
  .me { flex-direction: row-reverse; flex-wrap: wrap; }
  .me .bubble { border-end-end-radius: 5px; color: var(--on); background: var(--fill); white-space: pre-wrap; }
  .me .bubble ::selection { color: var(--fill); background: var(--on); }
  .bubble p + p, .bubble p + ul, .bubble p + ol, .bubble ul + p, .bubble ol + p { margin-block-start: 8px; }
  .bubble ul, .bubble ol { padding-inline-start: 20px; }
  .bubble li + li { margin-block-start: 3px; }
  .bubble strong { font-weight: 650; }
  .bubble a { color: var(--accent); text-decoration: underline; text-underline-offset: 2px; }
  time { flex: none; align-self: center; font-size: 12px; color: var(--soft); opacity: 0; }
  .msg:hover time, .msg:focus-within time { opacity: 1; }
  .pending .bubble { opacity: .72; }
  .pending time { display: none; }
  .why { flex-basis: 100%; text-align: end; font-size: 12.5px; color: var(--soft); }
  .why:empty { display: none; }
  .failed .bubble { opacity: 1; outline: 1px solid var(--alert); }
  .failed .why { color: var(--alert); }
  .note { margin: 18px auto 2px; max-width: 85%; text-align: center; font-size: 13px; color: var(--soft); }
  .note.line { display: flex; align-items: center; gap: 12px; width: 100%; max-width: 100%; }
  .note.line::before, .note.line::after { content: ""; flex: 1; height: 1px; background: var(--line); }
  .dots .bubble { display: flex; gap: 5px; padding: 16px 16px; }
  .dots i { width: 7px; height: 7px; border-radius: 50%; background: var(--soft); opacity: .55; }
  .chips { display: flex; flex-wrap: wrap; gap: 8px; margin: 14px 0 2px; padding-inline-start: 38px; }
  .chips button { min-height: 40px; padding: 7px 15px; border: 1px solid color-mix(in srgb, var(--accent) 45%, transparent); border-radius: 20px;
    color: var(--accent); background: var(--ground); font-size: 14px; line-height: 1.35; text-align: start; }
  .chips button:hover { background: color-mix(in srgb, var(--accent) 8%, var(--ground)); border-color: var(--accent); }
  .older { display: block; margin: -6px auto 16px; font-size: 13.5px; }
  .latest { position: absolute; inset-block-end: 10px; inset-inline: 0; margin: auto; width: fit-content; min-height: 36px; display: flex; align-items: center;
    gap: 6px; padding: 6px 10px 6px 14px; border-radius: 18px; font-size: 13px; font-weight: 600; color: var(--on); background: var(--fill); box-shadow: var(--shadow); }
  .latest .i { width: 18px; height: 18px; }

  .told { flex: none; padding: 0 18px; font-size: 13px; line-height: 1.4; color: var(--soft); text-align: center; }
  .told:not(:empty) { padding-block: 4px 6px; }
  .foot { flex: none; padding: 0 12px calc(12px + env(safe-area-inset-bottom)); }
  .composer { display: flex; align-items: flex-end; gap: 6px; padding: 4px 4px 4px 16px; border: 1px solid var(--line); border-radius: 26px; background: var(--field); }
  .composer:dir(rtl) { padding: 4px 16px 4px 4px; }
  .composer:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); background: var(--ground); }
  textarea { display: block; flex: 1; min-width: 0; min-height: 44px; padding: 10px 0; border: 0; resize: none; background: none; font-size: 16px; line-height: 24px; }
  textarea:focus-visible { outline: none; }
  textarea::placeholder { color: var(--soft); opacity: 1; }
  .send { color: var(--on); background: var(--fill); border-radius: 50%; }
  .send:hover { color: var(--on); background: var(--fill); filter: brightness(1.08); }
  .send[disabled] { color: var(--soft); background: transparent; cursor: default; filter: none; }
  .count { padding: 4px 16px 0; font-size: 12.5px; color: var(--soft); text-align: end; }
  .count:empty { display: none; }

  .card { padding: 14px 4px 12px; }
  .terms { max-height: 140px; overflow: auto; padding: 0 4px; font-size: 14px; color: var(--soft); scrollbar-width: thin; }
  .terms a { color: var(--accent); }
  .terms p + p { margin-block-start: 8px; }
  .actions { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 12px; }
  .primary, .quiet { min-height: 44px; padding: 8px 18px; border-radius: 22px; font-weight: 600; font-size: 14.5px; }
  .primary { flex: 1 auto; color: var(--on); background: var(--fill); }
  .primary:hover { filter: brightness(1.07); }
  .quiet { color: var(--accent); }
  .quiet:hover { background: color-mix(in srgb, var(--accent) 8%, transparent); }
  .ended { display: grid; gap: 10px; justify-items: center; text-align: center; border-block-start: 1px solid var(--line); padding: 18px 4px 6px; }
  .rating { display: grid; gap: 10px; justify-items: stretch; width: 100%; }
  legend { width: 100%; padding: 0; font-weight: 600; }
  .stars { display: flex; justify-content: center; gap: 2px; margin-block-start: 4px; }
  .grade { position: relative; width: 44px; height: 44px; display: grid; place-items: center; cursor: pointer; color: #98a2b3; border-radius: 12px; }
  .grade input { position: absolute; z-index: 1; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
  .grade .i { width: 28px; height: 28px; stroke-width: 1.5; }
  .stars:has(:checked) .grade:not(:has(:checked) ~ .grade) { color: #c77700; }
  .stars:has(:checked) .grade:not(:has(:checked) ~ .grade) .i { fill: #f5a524; }
  .grade:hover, .grade:focus-within { background: var(--bot); }
  .grade:focus-within:has(:focus-visible) { outline: 2px solid var(--accent); }
  .rating textarea { min-height: 68px; padding: 10px 14px; border: 1px solid var(--line); border-radius: 14px; background: var(--field); }
  .rating textarea:focus { border-color: var(--accent); }
  .thanks { padding: 6px; font-weight: 600; outline: none; }

  .panel.page { inset: 0; width: 100%; height: 100dvh; border-radius: 0; box-shadow: none; }
  .page header, .page .scroll, .page .foot { padding-inline: max(16px, calc(50% - 380px)); }
  .page .foot { padding-block-end: calc(20px + env(safe-area-inset-bottom)); }

  @media (max-width: 480px) {
    .panel, .start .panel { inset: 0 0 auto; width: 100%; height: 100dvh; border-radius: 0; box-shadow: none; padding-block-start: env(safe-area-inset-top); }
    .panel { font-size: 16px; }
    .choices { inset-inline-end: -44px; }
  }
  @media (forced-colors: active) {
    .panel, .bubble, .composer, .choices, .chips button, .primary, .send { border: 1px solid CanvasText; }
    .avatar { border: 1px solid CanvasText; }
    .stars:has(:checked) .grade:not(:has(:checked) ~ .grade) .i { fill: Highlight; }
  }
  @media (prefers-reduced-motion: no-preference) {
    .panel:not(.page) { animation: rise .22s cubic-bezier(.2, .8, .2, 1); transform-origin: 100% 100%; }
    .msg.new { animation: appear .2s ease-out; }
    .dots i { animation: breathe 1.2s infinite ease-in-out; }
    .dots i:nth-child(2) { animation-delay: .15s; }
    .dots i:nth-child(3) { animation-delay: .3s; }
    time { transition: opacity .15s; }
    .icon, .chips button, .quiet { transition: background .15s, color .15s, border-color .15s; }
  }
  @keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.98); } }
  @keyframes appear { from { opacity: 0; transform: translateY(6px); } }
  @keyframes breathe { 0%, 60%, 100% { opacity: .35; transform: none; } 30% { opacity: .9; transform: translateY(-3px); } }`;
