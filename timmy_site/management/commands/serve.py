"""Gets an installation ready and serves it: database, static files, demo, first admin, then Daphne."""

import os
import socket
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tenants_app.models import Tenant
from timmy_site.first_admin import make_first_admin
from timmy_site.static_state import collected_is_current, remember_collected


class Command(BaseCommand):
    help = "Prepare what is missing and serve pages and sockets with Daphne. HOST and PORT say where."

    requires_system_checks = ["timmy"]  # what the settings may do wrong; the rest is for `manage.py check`

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="address to listen on (default: HOST, %(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port (default: PORT, %(default)s)")
        parser.add_argument("--prepare-only", action="store_true", help="stop before serving")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if not options["prepare_only"]:
            _refuse_taken(host, port)
        self._migrate()
        self._collect_static()
        if settings.DEMO:
            call_command("demo_tenants", verbosity=0, stdout=self.stdout)
        self._tell_first_admin()
        if options["prepare_only"]:
            return
        self._tell_addresses(host, port)
        _serve(host, port)

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database …")
            call_command("migrate", verbosity=0)

    def _collect_static(self) -> None:
        if settings.DEBUG or collected_is_current():
            return
        self.stdout.write("Collecting static files …")
        subprocess.run(  # noqa: S603 - our own program; its settings differ from those this process has read
            [sys.executable, sys.argv[0], "collectstatic", "--noinput", "--verbosity=0", "--clear"], check=True
        )
        remember_collected()
        self.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 - again, with the files' hashed names

    def _tell_first_admin(self) -> None:
        made = make_first_admin()
        if made:
            name, password = made
            self.stdout.write(
                "\nAn administrator was made. This is shown once:\n"
                f"    name      {name}\n    password  {password}\n"
                "(Another one: manage.py createsuperuser; a lost password: manage.py changepassword NAME)\n"
            )

    def _tell_addresses(self, host: str, port: int) -> None:
        shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1", "::"} else host  # noqa: S104 - compared only
        base = f"http://{shown}:{port}"
        lines = [f"    demo shop    {base}/demo/"] if settings.DEMO else []
        lines += [f"    chat page    {base}/c/{slug}" for slug in _slugs()]
        lines.append(f"    admin        {base}/admin/")
        answers = settings.CHAT_MODEL["BACKEND"].rpartition(".")[2]
        who = "the offline assistant" if answers == "OfflineModel" else settings.TIMMY_MODEL
        self.stdout.write(f"\nTimmy is here (answers come from {who}):\n" + "\n".join(lines))
        self.stdout.write("Ctrl-C stops it.\n")
        self.stdout.flush()


def _slugs() -> list[str]:
    return list(Tenant.objects.filter(active=True).order_by("slug").values_list("slug", flat=True)[:5])


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise CommandError(f"Port {port} is not allowed to you. Choose another: make run PORT=8001") from error
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host} port {port} ({error.strerror}). Another program has the port, perhaps a "
                f"Timmy that still runs. Stop it, or choose another: make run PORT={port + 1}"
            ) from error


def _serve(host: str, port: int) -> None:
    from daphne.endpoints import build_endpoint_description_strings

    from timmy_site.asgi import application
    from timmy_site.server.daphne import BoundedServer

    BoundedServer(
        application=application,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        # The library would believe the first entry of X-Forwarded-For, which anybody can write (see addresses.py).
        proxy_forwarded_address_header=None,
        server_name="timmy",
        verbosity=0,
    ).run()
