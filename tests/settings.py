"""The settings under test: the product's own, with nothing taken from the machine's environment."""

import os
import tempfile

for name in [
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "TIMMY_MODEL", "DATABASE_URL", "ALLOWED_HOSTS", "HTTPS", "BEHIND_PROXY",
    "HOST", "PORT", "RATE_LIMIT_VISITOR", "RATE_LIMIT_ADDRESS", "RATE_LIMIT_TENANT", "LANGUAGE_CODE", "TIME_ZONE",
    "CSRF_TRUSTED_ORIGINS", "STATIC_ROOT",
]:  # fmt: skip
    os.environ.pop(name, None)
_folder = tempfile.mkdtemp(prefix="timmy-tests-")
os.environ.update(
    ENV_FILE=os.devnull,
    DEBUG="false",
    DEMO="true",
    SECRET_KEY="a-key-for-tests-only-that-is-long-enough-to-be-a-key",
    DATA_DIR=f"{_folder}/data",
    TENANT_FILES_DIR=f"{_folder}/tenant_files",
    STATIC_ROOT=f"{_folder}/static",
    LOG_LEVEL="WARNING",
)

from timmy_site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file, not memory: only there can the connections of other threads be closed, which Python 3.13 insists on.
DATABASES["default"]["TEST"] = {"NAME": f"{_folder}/test.sqlite3"}  # noqa: F405
