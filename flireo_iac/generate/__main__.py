"""Write or check the generated files, from the root of a checkout."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from typer.main import get_command

from flireo_iac.cli.main import app, register_commands
from flireo_iac.generate.commands import commands_page
from flireo_iac.generate.docs import kind_page, kinds_index, rule_page, rules_index
from flireo_iac.generate.failures import errors_page
from flireo_iac.generate.resources import resources_module
from flireo_iac.kinds import KINDS
from flireo_iac.rules import RULES
from flireo_iac.stacks.schema import schema_text, schemas


def _formatted(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", "resources.py", "-"],
        input=code,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def main() -> int:
    """Write what is out of date; with ``--check`` only name it."""
    parser = argparse.ArgumentParser(prog="python -m flireo_iac.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is out of date, and exit 1 then")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="root of the checkout")
    options = parser.parse_args()
    register_commands()
    files = {
        Path("flireo_iac/provider/resources.py"): _formatted(resources_module(KINDS)),
        Path("docs/commands.md"): commands_page(get_command(app)),
        Path("docs/errors.md"): errors_page(),
        Path("docs/kinds/README.md"): kinds_index(KINDS),
        **{Path(f"docs/kinds/{kind.name}.md"): kind_page(kind) for kind in KINDS.values()},
        Path("docs/rules/README.md"): rules_index(RULES),
        **{Path(f"docs/rules/{entry.id}.md"): rule_page(entry) for entry in RULES.values()},
        **{Path(f"stacks/schema/{name}.json"): schema_text(schema) for name, schema in schemas().items()},
    }
    stale = [
        path
        for path, text in files.items()
        if not (options.root / path).is_file() or (options.root / path).read_text("utf-8") != text
    ]
    for path in stale:
        sys.stderr.write(f"{'out of date' if options.check else 'written'}: {path}\n")
        if not options.check:
            (options.root / path).parent.mkdir(parents=True, exist_ok=True)
            (options.root / path).write_text(files[path], "utf-8")
    if stale and options.check:
        sys.stderr.write("Run `make generate` and commit the result.\n")
    return 1 if stale and options.check else 0


sys.exit(main())
