"""Mistakes that people make, each put into a good stack: every one is found, at its place, and nothing else is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flireo_iac.lint.report import examine_whole
from flireo_iac.stacks.init import write_stack

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
DESK, NUMBER = "agents/receptionist.yaml", "numbers/main.yaml"
PROMPT, RULES = "agents/receptionist.md", "prompts/house-rules.md"
TOOL, ANALYSIS = "tools/book_appointment.yaml", "analysis/after_call.yaml"
DEV, STAGING, PROD = "environments/dev.yaml", "environments/staging.yaml", "environments/prod.yaml"
SMOKE = "tests/booking.yaml"
UNUSED_DESK = (f"{DEV}:9:3 FL144", f"{PROD}:12:3 FL144", f"{STAGING}:8:3 FL144")
SECOND = "name: Night\nllm_config: {provider: openai, model: gpt-4o, prompt: night.md}\n"


@dataclass(frozen=True)
class Mistake:
    """One edit of the good stack, and what has to be said about it.

    Args:
        file: File that is edited.
        old: What is replaced; empty to put ``new`` at the end, or to write the file anew when there is none.
        new: What takes its place.
        found: Place and rule of each problem.
        more: Further files.
    """

    file: str
    old: str
    new: str
    found: tuple[str, ...]
    more: dict[str, str] = field(default_factory=dict)


def mistake(file: str, old: str, new: str, *found: str, **more: str) -> Mistake:
    return Mistake(file, old, new, found, more)


MISTAKES = [
    # names of fields, types and values
    mistake(DESK, "first_message:", "first_mesage:", f"{DESK}:4:1 FL103"),
    mistake(DESK, "business_name: ${var.company}", "business_name: [a]", f"{DESK}:3:16 FL104"),
    mistake(DESK, "temperature: 0.4", "temperature: hot", f"{DESK}:9:16 FL104"),
    mistake(DESK, "temperature: 0.4", "temperature: 4", f"{DESK}:9:16 FL106"),
    mistake(DESK, "  temperature: 0.4", "  temprature: 0.4", f"{DESK}:9:3 FL107"),
    mistake(DESK, "name: Receptionist ${var.city}\n", "", f"{DESK}:2:1 FL105"),
    mistake(DESK, "  model: gpt-4o-mini\n", "", f"{DESK}:7:3 FL105"),
    mistake(DESK, "type: endCall", "type: endcall", f"{DESK}:16:13 FL106"),
    mistake(DESK, "provider: deepgram", "provider: depgram", f"{DESK}:5:24 FL201"),
    mistake(DESK, "  provider: openai\n", "  provider: open-ai\n", f"{DESK}:7:13 FL201"),
    mistake(DESK, "voiceId: alloy", "voiceId: alloy, voice_id: echo", f"{DESK}:17:48 FL108"),
    mistake(DESK, "", "updated_at: now\n", f"{DESK}:19:1 FL109"),
    mistake(DESK, "", "protect: maybe\n", f"{DESK}:19:10 FL104"),
    mistake(DESK, "", "webhook_url: hooks.example.com\n", f"{DESK}:19:14 FL106"),
    mistake(DESK, "", "notification_email: somebody\n", f"{DESK}:19:21 FL106"),
    mistake(DESK, "", "name: Twice\n", f"{DESK}:19:1 FL102"),
    mistake(DESK, "", "webhook_url: https://h.example.com\nwebhook_events: [call-ended]\n", f"{DESK}:20:18 FL106"),
    mistake(TOOL, "tool_type: function", "tool_type: funktion", f"{TOOL}:4:12 FL106"),
    mistake(NUMBER, "phone_number: ${var.main_number}", "phone_number: 0201234567", f"{NUMBER}:2:15 FL106"),
    # YAML itself
    mistake(DESK, "business_name: ${var.company}", "business_name: Shop: main", f"{DESK}:3:20 FL101"),
    mistake(DESK, "  provider: openai\n", "\tprovider: openai\n", f"{DESK}:7:1 FL101"),
    mistake(DESK, "", "x: !!python/object/apply:os.system [id]\n", f"{DESK}:19:4 FL101"),
    mistake(DESK, "", "x: {: 1}\n", f"{DESK}:19:5 FL101"),
    mistake(DESK, "", "---\nname: Other\n", f"{DESK}:19:1 FL101"),
    mistake(
        DESK,
        "",
        "a: &a [x, x, x]\n"
        + "".join(
            f"b{n}: &b{n} [{', '.join([f'*{before}'] * 9)}]\n"
            for n, before in enumerate(["a", *(f"b{m}" for m in range(6))])
        ),
        f"{DESK}:24:5 FL101",
    ),
    mistake(DESK, "", "x: " + "[" * 70 + "]" * 70 + "\n", f"{DESK}:19:68 FL101"),
    # places of files
    mistake("agent/night.yaml", "", "name: Night\n", "agent FL110"),
    mistake("agents/Night.yaml", "", "name: Night\n", "agents/Night.yaml FL110"),
    mistake("agents/receptionist.yml", "", "name: Other\n", "agents/receptionist.yml FL111"),
    mistake("prompts/old.md", "", "Be brief.\n", "prompts/old.md FL152"),
    mistake("agents/house-rules.md", "", "Be brief.\n", "agents/house-rules.md FL155", "prompts/house-rules.md FL152"),
    mistake(
        "tools/unused.yaml", "", "name: Unused\ntool_type: endCall\ntool_config: {}\n", "tools/unused.yaml:1:1 FL154"
    ),
    # ${…}, references and environments
    mistake(DESK, "${var.city}", "${var.citty}", f"{DESK}:2:20 FL122"),
    mistake(DESK, "${var.city}", "${city}", f"{DESK}:2:20 FL121"),
    mistake(DESK, "${var.city}", "${var.city", f"{DESK}:2:20 FL121"),
    mistake(NUMBER, "${agents.receptionist.id}", "${agents.receptionst.id}", f"{NUMBER}:4:11 FL124"),
    mistake(
        NUMBER,
        "${agents.receptionist.id}",
        "${agents.receptionist.ident}",
        f"{NUMBER}:4:11 FL124",
        f"{NUMBER}:4:11 FL127",
    ),
    mistake(NUMBER, "${agents.receptionist.id}", "${agents.receptionist.name}", f"{NUMBER}:4:11 FL127"),
    mistake(NUMBER, "${agents.receptionist.id}", "receptionist", f"{NUMBER}:4:11 FL127"),
    mistake(DESK, "business_name: ${var.company}", "business_name: ${agents.receptionist.id}", f"{DESK}:3:16 FL126"),
    mistake(DESK, "template: book_appointment", "template: book_apointment", f"{DESK}:12:17 FL135"),
    mistake(DESK, "analysis_plan: {template: after_call}", "analysis_plan: {template: [a]}", f"{DESK}:18:27 FL136"),
    mistake(DEV, "  city: Teststad\n", "  city: ${var.company}\n  unused: x\n", f"{DEV}:7:3 FL144"),
    mistake(DEV, "vars:\n", "omit: [agents.recepionist]\nvars:\n", f"{DEV}:4:8 FL143"),
    mistake(DEV, "", "omit: [agents.*]\n", f"{NUMBER}:4:11 FL125", "numbers/after_hours.yaml:4:11 FL125"),
    mistake(DEV, "", "resource: {}\n", f"{DEV}:12:1 FL142"),
    mistake(PROD, "llm_config: {model: gpt-4o}", "llm_config: {model: gpt-4o-mini}", f"{PROD}:17:18 FL145"),
    mistake(PROD, "llm_config: {model: gpt-4o}", "voicemail_message: null", f"{PROD}:17:5 FL145"),
    mistake(PROD, "agents.receptionist:", "agents.reception:", f"{PROD}:16:3 FL143"),
    # items together
    mistake(DESK, "model: gpt-4o-mini", "model: claude-3-sonnet", f"{DESK}:8:10 FL204"),
    mistake(DESK, "language: en", "language: english", f"{DESK}:5:67 FL205"),
    mistake(DESK, "voiceId: alloy", "voiceId: alloy, stability: 0.4", f"{DESK}:17:59 FL202"),
    mistake(DESK, "", "webhook_events: [status-update]\n", f"{DESK}:19:1 FL206"),
    mistake(DESK, "", "webhook_url: http://hooks.example.com/x\n", f"{DESK}:19:14 FL208"),
    mistake(DESK, "", "webhook_url: https://hooks.example.com/x\nwebhook_secret: hunter2\n", f"{DESK}:20:17 FL130"),
    mistake(DESK, "    - type: endCall", "    - {name: look_up, description: Looks up.}", f"{DESK}:16:7 FL207"),
    mistake(DESK, "    - type: endCall", "    - template: book_appointment", f"{DESK}:16:7 FL213"),
    mistake(DESK, '"${var.front_desk}"', '"112"', f"{DESK}:15:34 FL210", *UNUSED_DESK),
    mistake(
        DESK,
        '"${var.front_desk}"',
        '"${var.main_number}"',
        f"{DESK}:15:34 FL223",
        *UNUSED_DESK,
    ),
    mistake(TOOL, "type: object", "type: objekt", f"{TOOL}:10:11 FL212"),
    mistake(TOOL, "day: {type: string,", "day: {type: text,", f"{TOOL}:12:19 FL212"),
    mistake(TOOL, "required: [day, name]", "required: day", f"{TOOL}:14:15 FL212"),
    mistake(
        TOOL,
        "  description: Books an appointment once the caller has agreed on a day.\n",
        "",
        f"{DESK}:12:7 FL105",
        f"{TOOL}:6:3 FL211",
    ),
    mistake(ANALYSIS, "required: [topic]", "required: [topic, topic]", f"{ANALYSIS}:12:13 FL212"),
    mistake("numbers/second.yaml", "", "phone_number: ${var.main_number}\n", "numbers/second.yaml:1:15 FL221"),
    mistake("agents/night.yaml", "", "name: Receptionist ${var.city}\n", "agents/receptionist.yaml:2:7 FL224"),
    # prompts
    mistake(DESK, "prompt: receptionist.md", "prompt: recepionist.md", f"{DESK}:10:11 FL131"),
    mistake(PROMPT, "${include house-rules.md}", "${include house-rule.md}", f"{PROMPT}:12:1 FL131"),
    mistake(RULES, "", "${include house-rules.md}\n", f"{RULES}:6:1 FL132"),
    mistake(PROMPT, "# Who you are", "\ufeff# Who you are", f"{PROMPT}:1:1 FL133"),
    mistake(RULES, "{{phoneNumber}}", "{{phoneNumer}}", f"{RULES}:5:26 FL301"),
    mistake(ANALYSIS, "{{transcript}}", "{{transcirpt}}", f"{ANALYSIS}:5:15 FL301"),
    mistake(PROMPT, "book it once", "call `book_apointment` once", f"{PROMPT}:9:79 FL302"),
    mistake(PROMPT, "book it once", "use the `calendar` tool once", f"{PROMPT}:9:82 FL302"),
    mistake(DESK, "language: en", "language: nl", f"{PROMPT}:1:1 FL304"),
    mistake(PROMPT, "# What you do", "# What you do (TODO)", f"{PROMPT}:6:16 FL305"),
    mistake(PROMPT, "# What you do", "<<<<<<< HEAD\n# What you do", f"{PROMPT}:6:1 FL306"),
    mistake("agents/night.yaml", "", SECOND, "agents/night.md:1:1 FL309", **{"agents/night.md": "\n\n"}),
    # smoke tests
    mistake(SMOKE, "agent: receptionist", "agent: recepionist", f"{SMOKE}:4:8 FL602"),
    mistake(SMOKE, "never: transfer_call", "never: book_apointment", f"{SMOKE}:21:15 FL602"),
    mistake(SMOKE, 'day: "2026-12-01", name', 'dya: "2026-12-01", name', f"{SMOKE}:10:19 FL603"),
    mistake(SMOKE, ", name: Ann", "", f"{SMOKE}:10:18 FL603"),
    mistake(SMOKE, "speaker: agent", "spaeker: agent", f"{SMOKE}:17:8 FL103"),
    mistake(SMOKE, 'never_contains: "{{"', 'never_matches: "a("', f"{SMOKE}:18:39 FL601"),
    mistake(SMOKE, "$.appointment_made: true", "appointment_made: true", f"{SMOKE}:22:32 FL601"),
    mistake(SMOKE, "${var.company}", "${var.compny}", f"{SMOKE}:17:35 FL122"),
    # secrets
    mistake(PROMPT, "# What you do", "The key is sk-proj-Abcdefghijklmnopqrstuvwx.", f"{PROMPT}:6:12 FL161"),
    mistake(
        DEV, "# The environment is", "# fl_live_0123456789abcdef is the key. The environment is", f"{DEV}:2:3 FL161"
    ),
    mistake(TOOL, "https://${var.webhook_host}", "https://me:hunter2@${var.webhook_host}", f"{TOOL}:8:8 FL161"),
    mistake(TOOL, "/appointments", "/book?token=hunter2hunter2", f"{TOOL}:8:40 FL161"),
    mistake(TOOL, "", "  headers: {X-Api-Key: hunter2hunter2, X-Auth: '${secret.a}'}\n", f"{TOOL}:15:24 FL161"),
    mistake(RULES, "", "-----BEGIN RSA PRIVATE KEY-----\n", f"{RULES}:6:1 FL161"),
    mistake("Pulumi.dev.yaml", "", "config:\n  shop:slack: xoxb-0123456789-abcdef\n", "Pulumi.dev.yaml:2:15 FL161"),
]


def problems(folder: Path) -> list[str]:
    return sorted(
        {
            f"{each.file}:{each.line}:{each.column} {each.rule}" if each.line else f"{each.file} {each.rule}"
            for each in examine_whole(folder).problems
        }
    )


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of a good stack."""
    folder = tmp_path_factory.mktemp("good") / "shop"
    write_stack(folder)
    files = [path for path in folder.rglob("*") if path.is_file() and "schema" not in path.parts]
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in files}


@pytest.mark.parametrize("seeded", MISTAKES, ids=lambda seeded: f"{seeded.found[0].split()[-1]}-{seeded.new[:30]!r}")
def test_mistake_is_found_at_its_place_and_nothing_else(
    good: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeded: Mistake
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {**good, **seeded.more}
    before = files.get(seeded.file, "")
    if seeded.old:
        assert before.count(seeded.old) >= 1
        files[seeded.file] = before.replace(seeded.old, seeded.new, 1)
    else:
        files[seeded.file] = before + seeded.new
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert problems(Path()) == sorted(seeded.found)


def test_what_is_wrong_with_a_template_is_said_once(
    good: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path, text in {**good, TOOL: good[TOOL].replace("type: object", "type: objekt")}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    found = examine_whole(Path()).problems
    assert [(each.rule, each.text.split(":")[0]) for each in found] == [("FL212", 'tool template "book_appointment"')]


def test_there_are_enough_mistakes() -> None:
    assert len(MISTAKES) >= 60


@pytest.mark.parametrize("folder", ["stacks", "examples/01-yaml-stack", "examples/03-mixed"])
def test_good_stacks_have_no_problem(folder: str) -> None:
    assert [str(problem) for problem in examine_whole(ROOT / folder).problems] == []


def test_links_that_lead_nowhere_good_are_found(
    good: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    for path, text in good.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    (tmp_path / "outside.yaml").write_text("name: Outside\n")
    (folder / "agents/outside.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "agents/loop.yaml").symlink_to("loop.yaml")
    (folder / "environments/test.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "prompts/loop").symlink_to(".")
    assert problems(Path()) == [
        "agents/loop.yaml FL101",
        "agents/outside.yaml FL112",
        "environments/test.yaml FL112",
    ]


def test_prompts_of_the_corpus_have_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = sorted(CORPUS.glob("*-policy.md")) if CORPUS.is_dir() else []
    if not texts:
        pytest.skip(f"{CORPUS} is not there")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents").mkdir()
    for path in texts:
        (tmp_path / "agents" / path.name).write_bytes(path.read_bytes())
        (tmp_path / f"agents/{path.stem}.yaml").write_text(
            f"name: {path.stem}\nstt_config: {{provider: deepgram, model: nova-3-general, language: en}}\n"
            f"llm_config: {{provider: openai, model: gpt-4o, prompt: {path.name}}}\n"
        )
    assert problems(Path()) == []
