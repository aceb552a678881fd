"""Settings of one installation, read from the environment; every variable is optional (docs/settings.md)."""

import sys
from pathlib import Path
from typing import Any

import environ
from django.utils.translation import gettext_lazy as _

from timmy_site.secret_key import kept_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))

# Where things live
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "data"))).absolute()
TENANT_FILES_DIR = Path(env.str("TENANT_FILES_DIR", default=str(BASE_DIR / "tenant_files"))).absolute()
DATA_DIR.mkdir(parents=True, exist_ok=True)

# Who may reach it
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret_key(DATA_DIR / "secret_key")
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
DEMO = env.bool("DEMO", default=False)

# The model that answers: without key and base URL the offline assistant does
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="")
TIMMY_MODEL = env.str("TIMMY_MODEL", default="gpt-4o-mini")
MODEL_FIRST_TOKEN_SECONDS = env.float("MODEL_FIRST_TOKEN_SECONDS", default=20.0)
MODEL_STALL_SECONDS = env.float("MODEL_STALL_SECONDS", default=10.0)

CHAT_MODEL: dict[str, Any] = {"BACKEND": "conversations.llm.offline.OfflineModel"}
if OPENAI_API_KEY or OPENAI_BASE_URL:
    CHAT_MODEL = {
        "BACKEND": "conversations.llm.openai_chat.OpenAIChatModel",
        "OPTIONS": {
            "model": TIMMY_MODEL,
            "api_key": OPENAI_API_KEY,
            "base_url": OPENAI_BASE_URL,
            "first_token_seconds": MODEL_FIRST_TOKEN_SECONDS,
            "stall_seconds": MODEL_STALL_SECONDS,
        },
    }

# The conversations: one CSV file each
CONVERSATION_STORAGE: dict[str, Any] = {
    "BACKEND": "conversations.storage.csv_files.CsvFiles",
    "OPTIONS": {"root": DATA_DIR},
}

# What a visitor may do
RATE_LIMIT_VISITOR = env.str("RATE_LIMIT_VISITOR", default="30/m")
RATE_LIMIT_ADDRESS = env.str("RATE_LIMIT_ADDRESS", default="300/m")
RATE_LIMIT_TENANT = env.str("RATE_LIMIT_TENANT", default="3000/m")
SOCKETS_PER_ADDRESS = env.int("SOCKETS_PER_ADDRESS", default=300)
CONNECTIONS_AT_ONCE = env.int("CONNECTIONS_AT_ONCE", default=10_000)
VISITOR_TOKEN_DAYS = env.int("VISITOR_TOKEN_DAYS", default=180)
SOCKET_IDLE_SECONDS = env.float("SOCKET_IDLE_SECONDS", default=3600.0)
ANSWER_AFTER_RESTART_HOURS = env.float("ANSWER_AFTER_RESTART_HOURS", default=24.0)

# How long staff stay signed in
STAFF_SESSION_HOURS = env.float("STAFF_SESSION_HOURS", default=12.0)

INSTALLED_APPS = [
    "daphne",
    "timmy_site",
    "timmy_site.admin_site.Theme",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "tenants_app",
    "conversations",
]

MIDDLEWARE = [
    # First, so that static files, redirects and the errors of those behind them are covered too.
    "csp.middleware.CSPMiddleware",
    "timmy_site.headers.every_answer",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "timmy_site.urls"
ASGI_APPLICATION = "timmy_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES: dict[str, Any] = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'timmy.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers beside one writer; writers queue instead of failing. The index can be rebuilt: NORMAL is enough.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS = {"default": {"BACKEND": "conversations.local_layer.LocalChannelLayer"}}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="pt-br")
LANGUAGES = [("pt-br", _("Portuguese (Brazil)")), ("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "timmy_site" / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="America/Sao_Paulo")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))).absolute()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Without collected files (a developer's checkout, tests) they are served from where they lie.
if DEBUG or not ((STATIC_ROOT / "staticfiles.json").exists() or "collectstatic" in sys.argv):
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# Cookies and connections. A name with __Host- is taken from this host over HTTPS only; plain HTTP cannot have it.
_COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME = f"{_COOKIE_PREFIX}language"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = round(STAFF_SESSION_HOURS * 3600)  # from signing in: nothing prolongs it
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked over plain HTTP by what watches the process
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

from timmy_site.admin_theme import UNFOLD  # noqa: E402, F401
from timmy_site.content_policy import CONTENT_SECURITY_POLICY  # noqa: E402, F401

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name} {message}",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}},
    "loggers": {name: {"level": "WARNING"} for name in ("daphne", "httpx2", "httpcore2", "openai")},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
