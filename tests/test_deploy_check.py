"""With the settings of a public installation Django's own deployment check is silent, and answers are as it hopes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = {
    "HTTPS": "true",
    "BEHIND_PROXY": "true",
    "DEBUG": "false",
    "DEMO": "true",
    "SECRET_KEY": "gT7-qLw0_zVb2Nf9xYs4RkJm6HcP1dAe8UoXiB3tEyWvM5nQ-1aB2cD3eF",
    "ALLOWED_HOSTS": "chat.example.com",
}
# One page of each kind, asked in a program of its own: settings are read when it starts.
ASK = """
import json, sys, django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
call_command("demo_tenants", verbosity=0)
told = []
for place, headers in json.loads(sys.argv[1]):
    answer = Client(headers={"host": "chat.example.com"} | headers).get(place)
    cookies = {name: {key: cookie[key] for key in ("secure", "httponly", "samesite", "path", "domain")}
               for name, cookie in answer.cookies.items()}
    told.append({"status": answer.status_code, "headers": dict(answer.headers), "cookies": cookies})
print(json.dumps(told))
"""
OVER_TLS = {"x-forwarded-proto": "https"}
Answers = dict[str, list[dict[str, Any]]]


def run(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A program with these settings and none of this machine's."""
    ours = "OPENAI|DATABASE|TIMMY_|DATA_DIR|TENANT_FILES|SECRET_KEY|RATE_LIMIT|STATIC_ROOT|DEMO|DEBUG|PORT|HOST|DJANGO"
    own = {key: value for key, value in os.environ.items() if not re.match(ours, key)}
    places = {"DATA_DIR": f"{folder}/data", "TENANT_FILES_DIR": f"{folder}/files", "STATIC_ROOT": f"{folder}/static"}
    environment = own | places | {"ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "timmy_site.settings"} | settings
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)


def warned(folder: Path, **settings: str) -> list[str]:
    """What `manage.py check --deploy` finds, by id."""
    done = run(folder, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **settings)
    found = re.findall(r"\(((?:security|timmy|\w+)\.[WE]\d+)\)", done.stderr)
    assert bool(done.returncode) == bool(found), done.stderr
    return found


def asked(folder: Path, *places: tuple[str, dict[str, str]], **settings: str) -> list[dict[str, Any]]:
    """What an installation with these settings answers."""
    done = run(folder, "-c", ASK, json.dumps(places), **settings)
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answers


def test_a_public_installation_has_nothing_to_be_warned_of(tmp_path: Path) -> None:
    assert warned(tmp_path, **PUBLIC) == []


def test_a_machine_of_ones_own_is_warned_of_the_missing_https_alone(tmp_path: Path) -> None:
    # Its secret key, made on the first run, is good enough.
    assert warned(tmp_path) == ["security.W004", "security.W008", "security.W012", "security.W016"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"BEHIND_PROXY": False}, ["timmy.W003"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["timmy.W004"]),
        ({"ALLOWED_HOSTS": ["chat.example.com", "."]}, ["timmy.W004"]),
        ({"DEBUG": True}, ["timmy.E001"]),
        ({"HTTPS": False}, ["timmy.W002"]),
    ],
)
def test_what_endangers_it_is_named(settings: Any, values: dict[str, Any], found: list[str]) -> None:
    sound = {"HTTPS": True, "BEHIND_PROXY": True, "DEBUG": False, "ALLOWED_HOSTS": ["chat.example.com"]}
    for name, value in (sound | values).items():
        setattr(settings, name, value)
    assert [check.id for check in run_checks(tags=["timmy"])] == found


EVERYWHERE = ["/", "/demo/", "/c/default", "/widget.js", "/widget/default.json", "/admin/", "/healthz", "/static/x.css"]
LYING = {"x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "x-forwarded-port": "1"}
QUESTIONS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "tls": [(place, OVER_TLS) for place in ("/admin/login/", "/demo/", "/widget.js", "/static/timmy_site/icon.svg")],
    "plain": [("/demo/", {}), ("/admin/", {"x-forwarded-proto": "http"}), ("/healthz", {}), ("/readyz", {})],
    "lying": [("/", LYING)],
    "strange": [(place, OVER_TLS | {"host": "evil.example"}) for place in EVERYWHERE],
}


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What a public installation answers to all the questions: one program, for each takes seconds to start."""
    places = [place for group in QUESTIONS.values() for place in group]
    answers = iter(asked(tmp_path_factory.mktemp("public"), *places, **PUBLIC))
    return {name: [next(answers) for _ in group] for name, group in QUESTIONS.items()}


def test_over_tls_pages_promise_tls_and_cookies_belong_to_this_host_alone(public: Answers) -> None:
    for answer in public["tls"]:
        assert answer["status"] == 200
        assert answer["headers"]["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
        for name, cookie in answer["cookies"].items():
            assert name.startswith("__Host-")
            assert cookie == {"secure": True, "httponly": True, "samesite": "Lax", "path": "/", "domain": ""}
    assert [list(answer["cookies"]) for answer in public["tls"]] == [["__Host-csrftoken"], [], [], []]


def test_plain_http_is_sent_on_to_tls_but_for_what_watches_the_process(public: Answers) -> None:
    demo, admin, alive, ready = public["plain"]
    assert (demo["status"], demo["headers"]["Location"]) == (301, "https://chat.example.com/demo/")
    assert (admin["status"], admin["headers"]["Location"]) == (301, "https://chat.example.com/admin/")
    assert (alive["status"], ready["status"]) == (200, 200)


def test_headers_of_a_proxy_are_believed_only_behind_one(public: Answers, tmp_path: Path) -> None:
    [behind] = public["lying"]
    assert (behind["status"], behind["headers"]["Location"]) == (302, "/demo/")
    [without] = asked(tmp_path, ("/", LYING), **PUBLIC | {"BEHIND_PROXY": "false"})
    assert (without["status"], without["headers"]["Location"]) == (301, "https://chat.example.com/")


def test_another_hosts_name_is_refused_everywhere(public: Answers) -> None:
    statuses = [answer["status"] for answer in public["strange"]]
    assert dict(zip(EVERYWHERE, statuses, strict=True)) == dict.fromkeys(EVERYWHERE, 400)
    assert "evil.example" not in json.dumps(public["strange"])
