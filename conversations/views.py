"""What a browser fetches around the chat: the widget's code and settings, the hosted page and the demo."""

from typing import Any

from csp.constants import SELF
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import override
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import condition, require_safe

from conversations.demo_pages import DEMO_PAGES
from conversations.widget_files import LOADER, code_version, widget_file
from tenants_app.access import TenantSnapshot, visitor_tenant

SOON = "public, max-age=300"
CONTACT = ("phone", "whatsapp", "email", "address", "website")
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The demo where there is one, else the admin."""
    return redirect("demo" if settings.DEMO else "admin:index")


def _etag(request: HttpRequest, name: str = LOADER, code: str = "") -> str | None:
    file = widget_file(name if name == LOADER else f"widget/{name}")
    return file.etag if file else None


@require_safe
@condition(etag_func=_etag)
def script(request: HttpRequest, name: str = LOADER, code: str = "") -> HttpResponse:
    """The loader, or a module under the hash of the whole: any site may load them, they hold no secret."""
    file = widget_file(name if name == LOADER else f"widget/{name}")
    if file is None:
        raise Http404
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(file.gzipped if zipped else file.body, content_type="text/javascript; charset=utf-8")
    if zipped:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = FOR_EVER if code == code_version() else SOON
    return response


@require_safe
def widget_settings(request: HttpRequest, slug: str) -> JsonResponse:
    """How a tenant's widget looks and greets; a refused origin gets what an unknown tenant gets."""
    origin = request.headers.get("Origin")
    tenant = visitor_tenant(slug, origin or _own_origin(request), request.get_host())
    if tenant is None:
        response = JsonResponse({"code": "not_found", "detail": "There is no chat here."}, status=404)
        # The widget may read this, so that it can say so in one plain line.
        response["Access-Control-Allow-Origin"] = "*"
    else:
        response = JsonResponse(_look(tenant))
        if origin:
            response["Access-Control-Allow-Origin"] = origin
    patch_vary_headers(response, ["Origin"])
    response["Cache-Control"] = "no-cache"
    return response


@xframe_options_exempt
@require_safe
def hosted(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A tenant's chat as a page of its own."""
    tenant = visitor_tenant(slug, _own_origin(request), request.get_host())
    if tenant is None:
        raise Http404
    language = _language(request, tenant.language)
    with override(language):
        response = render(
            request, "chat/hosted.html", {"tenant": tenant, "language": language, "contact": _contact(tenant)}
        )
    response["Content-Language"] = language
    patch_vary_headers(response, ["Accept-Language"])
    return _with_policy(request, response, {"frame-ancestors": _framers(tenant)})


@require_safe
def demo(request: HttpRequest, slug: str = "default") -> HttpResponse:
    """An invented business's site with the widget on it; only on an installation that shows the demo."""
    page = DEMO_PAGES.get(slug)
    if not settings.DEMO or page is None:
        raise Http404
    return _with_policy(request, render(request, "demo/shop.html", {"page": page, "slug": slug}), {})


def _own_origin(request: HttpRequest) -> str:
    # Browsers leave the Origin header out when a page fetches from its own host.
    return f"{request.scheme}://{request.get_host()}"


def _look(tenant: TenantSnapshot) -> dict[str, Any]:
    persona = tenant.persona
    return {
        "slug": tenant.slug,
        "name": persona.business_name,
        "agent_name": persona.agent_name,
        "language": tenant.language,
        "color": persona.widget.color,
        "position": persona.widget.position,
        "placeholder": persona.widget.placeholder,
        "suggestions": list(persona.widget.suggestions),
        "welcome": persona.greeting,
        "consent": persona.consent.required,
        "code": code_version(),
    }


def _language(request: HttpRequest, own: str) -> str:
    """The tenant's language if the visitor reads it, else the first of ours the visitor reads, else the tenant's."""
    read = [
        wanted.split("-")[0]
        for wanted, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "").lower())
    ]
    ours = {code.split("-")[0]: code for code, _name in settings.LANGUAGES}
    if own.split("-")[0].lower() in read:
        return own
    return next((ours[wanted] for wanted in read if wanted in ours), own)


def _framers(tenant: TenantSnapshot) -> list[str]:
    """Who may show the hosted page in a frame: we and the tenant's sites, none of which may end the directive."""
    return [SELF, *(site for site in tenant.allowed_origins if not set(site) & set(" \t\r\n;,"))]


def _contact(tenant: TenantSnapshot) -> list[str]:
    """Other ways to reach the business, for visitors whose browser runs no scripts."""
    contact = tenant.knowledge.contact
    return [value for key in CONTACT if isinstance(value := contact.get(key), str) and value.strip()]


def _with_policy(request: HttpRequest, response: HttpResponse, directives: dict[str, list[str]]) -> HttpResponse:
    # Older browsers do not count the socket's scheme as 'self'.
    socket = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    response._csp_replace = {"connect-src": [SELF, socket], **directives}  # type: ignore[attr-defined]
    return response
