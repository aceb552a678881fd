"""Eyes that see when a hostile text has worked: scripts, dialogs, requests, refusals, and markup that is no text."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page

# Everything that markup could have become, looked for in the page and in its shadow roots.
FIND = """
(ours) => {
  const text = new Set(['value', 'title', 'placeholder', 'aria-label', 'alt', 'content', 'label', 'data-author']);
  const never = new Set(['iframe', 'object', 'embed', 'base', 'math', 'animate', 'foreignobject', 'frame', 'portal']);
  const fetched = /^(src|href|srcset|action|formaction|data|poster|xlink:href)$/;
  const found = [];
  const is = (address, schemes) => schemes.includes(new URL(address, document.baseURI).protocol);
  const foreign = (address) => !is(address, ['data:']) && !ours.includes(new URL(address, document.baseURI).host);
  const element = (node, tell) => {
    if (never.has(node.localName)) tell('element');
    if (node.localName === 'meta' && node.httpEquiv) tell('http-equiv');
    if (node.localName === 'script' && node.type !== 'application/json' && !node.src) tell('script');
    if (node.localName === 'style' && /__ran|evil/.test(node.textContent)) tell('style');
  };
  const attribute = (node, name, value, tell) => {
    const link = name === 'href' && node.localName === 'a';
    if (name.startsWith('on') || name === 'srcdoc') tell(name);
    if (!link && fetched.test(name) && value && foreign(value)) tell(name);
    const plain = text.has(name) || (/^(href|action)$/.test(name) && is(value, ['http:', 'https:']));
    if (value.includes('__ran') && !plain) tell(`${name} holds it`);
    if (!link) return;
    if (!is(value, ['http:', 'https:', 'mailto:', 'tel:'])) tell('scheme');
    const safe = node.rel === 'noopener noreferrer nofollow' && node.target === '_blank';
    if (is(value, ['http:', 'https:']) && foreign(value) && !safe) tell('rel');
  };
  const look = (root) => root.querySelectorAll('*').forEach((node) => {
    const tell = (why) => found.push(`${why}: ${node.outerHTML.slice(0, 160)}`);
    element(node, tell);
    for (const { name, value } of node.attributes) attribute(node, name, value, tell);
    if (node.shadowRoot) look(node.shadowRoot);
  });
  look(document);
  return found;
}
"""
WATCH = """
addEventListener('securitypolicyviolation', ({ violatedDirective: directive, blockedURI, sample }) =>
  __violated(`${directive} ${blockedURI} ${sample}`))
"""


@dataclass
class Eyes:
    """What has worked in one browser: scripts that ran, dialogs, requests to other hosts, refusals of the policy."""

    ours: list[str]
    ran: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def on(self, context: BrowserContext) -> Page:
        """Open a page that is watched from its first moment."""
        context.expose_binding("__ran", lambda source, *_: self.ran.append(source["page"].url))
        context.expose_binding(
            "__violated", lambda source, what: self.violations.append(f"{source['page'].url} {what}")
        )
        context.add_init_script(WATCH)
        context.on("request", lambda request: self._request(request.url))
        context.on("console", lambda message: self._console(message.type, message.text))
        page = context.new_page()
        page.on("websocket", lambda socket: self._request(socket.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        return page

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc not in self.ours:
            self.foreign.append(url)

    def _console(self, kind: str, text: str) -> None:
        if kind in {"warning", "error"} and not text.startswith("Failed to load resource: the server responded with"):
            self.complaints.append(text)

    def on_page(self, page: Page) -> list[str]:
        """What stands in the page that should not."""
        found: list[str] = page.evaluate(FIND, self.ours)
        return found

    def seen(self) -> dict[str, list[str]]:
        """Everything that has worked."""
        kinds = ("ran", "dialogs", "foreign", "violations", "complaints")
        return {kind: seen for kind in kinds if (seen := getattr(self, kind))}
