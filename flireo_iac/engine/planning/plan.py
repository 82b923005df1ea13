"""Decides what each registration leads to. Registrations are planned one at a time.

Source: pulumi notes on the engine, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.diff import Diff, compare, keys_of, with_replacements
from flireo_iac.engine.model.events import Op, Severity
from flireo_iac.engine.model.paths import put_back
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import STACK_TYPE, make_urn, name_of, split_provider, stack_urn, type_of
from flireo_iac.engine.model.values import UNKNOWN, Properties, equal
from flireo_iac.engine.planning.decisions import Decisions, PlanError, Report, delete_op
from flireo_iac.engine.planning.goal import Goal
from flireo_iac.engine.planning.graph import dependents_of
from flireo_iac.engine.planning.naming import OldStates
from flireo_iac.engine.planning.steps import Step
from flireo_iac.engine.planning.targets import Targets
from flireo_iac.engine.processes.provider_process import ProviderProcess


class Planner:
    """Plans a run over a former state.

    Args:
        base: The former state.
        stack: Name of the stack.
        project: Name of the project.
        provider: Gives the provider process, configured.
        targets: What the run is about.
        dry_run: True for a preview: unknown values are allowed, and it goes on to show more after some errors.
        report: Takes what the user has to know.
    """

    def __init__(
        self,
        base: Snapshot,
        *,
        stack: str,
        project: str,
        provider: Callable[[], ProviderProcess],
        targets: Targets,
        dry_run: bool,
        report: Report,
    ) -> None:
        self.resources = base.resources
        self.olds = OldStates(base.live(), stack, project)
        self.failed = False
        self.skipped_creates: set[str] = set()
        self.goals: dict[str, Goal] = {}
        self._stack = stack
        self._project = project
        self._provider = provider
        self._targets = targets
        self._dry_run = dry_run
        self._report = report
        self.decided = Decisions()

    def plan(self, goal: Goal, provider_reference: str) -> list[Step]:
        """Decide what a registration leads to.

        Args:
            goal: What the program wants.
            provider_reference: ``<urn>::<id>`` of the provider; empty for a component.

        Returns:
            Steps that run one after the other.

        Raises:
            PlanError: It cannot be carried out.
            CallError: The provider failed.
        """
        goal.parent = self._parent_of(goal)
        urn = make_urn(self._stack, self._project, goal.parent, goal.type, goal.name)
        if urn in self.decided.seen:
            raise PlanError(
                urn, f'two resources are called "{goal.name}" ({goal.type}), expected each name once. Rename one.'
            )
        self.decided.seen.add(urn)
        if goal.parent in self.goals:
            goal.inherit(self.goals[goal.parent])
        self.goals[urn] = goal
        old, problem = self.olds.find(urn, goal, self.decided.seen)
        if problem:
            raise PlanError(urn, problem)
        new = _new_state(goal, urn, old, provider_reference)
        if not self._targets.includes(urn):
            return [self._plan_untargeted(urn, old, new)]
        steps = self._plan_targeted(goal, urn, old, new)
        self._require_targets(steps)
        return steps

    def _parent_of(self, goal: Goal) -> str:
        root = stack_urn(self._stack, self._project)
        if not goal.parent and goal.type != STACK_TYPE and root in self.decided.seen:
            return root
        if goal.parent and goal.parent not in self.decided.seen:
            raise PlanError("", f'{goal.type} "{goal.name}": its parent {goal.parent} was not registered.')
        return goal.parent

    def _plan_untargeted(self, urn: str, old: Resource | None, new: Resource) -> Step:
        self.decided.kept.add(urn)
        if old is None:
            self.skipped_creates.add(urn)
            return Step(Op.SAME, urn, old=None, new=new, not_created=True)
        carried = old.copy()
        carried.urn = urn
        return Step(Op.SAME, urn, old=old, new=carried)

    def _require_targets(self, steps: list[Step]) -> None:
        if not self._targets.limited:
            return
        for step in steps:
            if step.new is None:
                continue
            for needed in step.new.needs():
                if needed in self.skipped_creates:
                    self.failed = True
                    text = (
                        f"needs {needed}, which is to be created and is not among the targets. "
                        f"Add it: --target '{needed}'."
                    )
                    if not self._dry_run:
                        raise PlanError(step.urn, text)
                    self._report(Severity.ERROR, step.urn, text)

    def _plan_targeted(self, goal: Goal, urn: str, old: Resource | None, new: Resource) -> list[Step]:
        again = urn in self.decided.deleted
        ours = old is not None and not again and not old.external
        if goal.custom:
            new.inputs = self._check(goal, urn, old if ours else None)
        if again:
            self.decided.deleted.discard(urn)
            self._note_replaced(urn)
            # It may be registered while another registration still deletes it.
            after = self.decided.early_deletion(old) if old is not None else None
            return [Step(Op.REPLACE, urn, old, new), Step(Op.CREATE_REPLACEMENT, urn, old, new, after=after)]
        if old is None:
            self.decided.created.add(urn)
            return [Step(Op.CREATE, urn, None, new)]
        if old.external:
            self.decided.created.add(urn)
            return [
                Step(Op.CREATE_REPLACEMENT, urn, old, new, waits_for_delete=True),
                Step(Op.REPLACE, urn, old, new),
            ]
        return self._plan_changes(goal, urn, old, new)

    def _check(self, goal: Goal, urn: str, old: Resource | None) -> Properties:
        news = goal.properties
        if old is not None and goal.ignore_changes:
            news, failed = put_back(news, old.inputs, goal.ignore_changes)
            if failed:
                self._report(
                    Severity.INFO, urn, f"cannot ignore changes in added or removed elements of: {', '.join(failed)}"
                )
        inputs, failures = self._provider().check(urn, old.inputs if old is not None else {}, news)
        for name, reason in failures:
            # The value is not shown: it may be long, and it may hold secrets.
            subject = f'{type_of(urn)} "{name_of(urn)}"'
            self._report(Severity.ERROR, urn, f"{subject}: {f'input {name}: ' if name else ''}{reason}")
        if failures:
            raise PlanError(urn)
        return inputs

    def _plan_changes(self, goal: Goal, urn: str, old: Resource, new: Resource) -> list[Step]:
        diff = self._diff(goal, urn, old, new)
        diff = with_replacements(diff, goal.replace_on_changes, init_errors=bool(old.init_errors))
        if diff.changed or old.pending_replacement:
            if diff.replace_keys or old.pending_replacement:
                return self._plan_replacement(goal, urn, old, new, diff)
        elif not old.init_errors:
            self.decided.kept.add(urn)
            return [Step(Op.SAME, urn, old, new)]
        # Errors of an unfinished create are a reason to update, even when nothing else is.
        self.decided.kept.add(urn)
        return [Step(Op.UPDATE, urn, old, new, diff, ignored=goal.ignore_changes)]

    def _diff(self, goal: Goal, urn: str, old: Resource, new: Resource) -> Diff:
        if any(needed in self.decided.replaced for needed in goal.replace_with):
            return Diff(changed=True, replace_keys=("replaceWith",))
        if goal.deleted_with in self.decided.replaced:
            return Diff(changed=True, replace_keys=("deletedWith",))
        if bool(old.provider) != bool(new.provider):
            return Diff(changed=True, replace_keys=("provider",))
        if not goal.custom:
            return Diff(changed=not equal(old.inputs, new.inputs))
        return self._provider_diff(urn, old, new.inputs, goal.ignore_changes)

    def _provider_diff(self, urn: str, old: Resource, news: Properties, ignored: list[str]) -> Diff:
        answer = self._provider().diff(urn, old, news, ignored)
        if answer.changes is None:
            compared, _ = put_back(news, old.inputs, ignored) if ignored else (news, [])
            changes = compare(old.inputs, compared)
            return Diff(bool(changes), changes, keys_of(changes), answer.replaces, answer.delete_first)
        return Diff(answer.changes, answer.details, answer.keys, answer.replaces, answer.delete_first)

    def _note_replaced(self, urn: str) -> None:
        self.decided.replaced.add(urn)
        self.decided.kept.add(urn)

    def _plan_replacement(self, goal: Goal, urn: str, old: Resource, new: Resource, diff: Diff) -> list[Step]:
        if new.protect and old.protect:
            self.failed = True
            text = (
                "has to be replaced and is protected, expected no protection. Switch its protection off (protect: "
                "false) and run up first, or keep what makes it a new one as it was."
            )
            if not self._dry_run:
                raise PlanError(urn, text)
            self._report(Severity.ERROR, urn, text)
        self._note_replaced(urn)
        if goal.custom:
            # What was carried over from the old one no longer counts.
            new.inputs = self._check(goal, urn, None)
        delete_first = diff.delete_first if goal.delete_before_replace is None else goal.delete_before_replace
        replacing = Step(Op.REPLACE, urn, old, new, diff)
        creating = Step(Op.CREATE_REPLACEMENT, urn, old, new, diff)
        if not delete_first:
            creating.waits_for_delete = True
            return [creating, replacing]
        steps = list(self._delete_dependents(urn, old))
        if not old.pending_replacement:
            self.decided.deleted.add(old.urn)
            steps.append(Step(delete_op(old, replacing=True), old.urn, old, comes_back=True))
        return [*steps, replacing, creating]

    def _delete_dependents(self, urn: str, old: Resource) -> Iterator[Step]:
        for dependent in reversed([*self._replaced_dependents(old), *self._cascading(urn)]):
            if self.decided.early_deletion(dependent) is not None:
                continue
            if dependent.protect and not dependent.delete:
                self.failed = True
                raise PlanError(
                    dependent.urn,
                    f"has to be replaced because {urn} is, and is protected. "
                    "Switch its protection off (protect: false) and run up first.",
                )
            op = Op.DELETE if dependent.delete else delete_op(dependent, replacing=True)
            step = Step(op, dependent.urn, dependent, comes_back=not dependent.delete)
            self.decided.deleted.add(dependent.urn)
            self.decided.note_early_deletion(step)
            yield step

    def _replaced_dependents(self, root: Resource) -> list[Resource]:
        registered = self.decided.kept | self.decided.created | self.decided.deleted
        replaced = {root.urn}
        found = []
        for dependent in dependents_of(root, self.resources, registered):
            if self._must_be_replaced(dependent, replaced):
                found.append(dependent)
                replaced.add(dependent.urn)
        return found

    def _must_be_replaced(self, resource: Resource, replaced: set[str]) -> bool:
        if not resource.custom or resource.external:
            return False
        if resource.provider and split_provider(resource.provider)[0] in replaced:
            return True
        if resource.deleted_with in replaced:
            return True
        affected = {key for key, urns in resource.property_dependencies.items() if any(urn in replaced for urn in urns)}
        inputs = {key: UNKNOWN if key in affected else value for key, value in resource.inputs.items()}
        if not affected & resource.inputs.keys():
            return False
        diff = self._provider_diff(resource.urn, resource, inputs, resource.ignore_changes)
        return bool(with_replacements(diff, resource.replace_on_changes).replace_keys)

    def _cascading(self, urn: str) -> list[Resource]:
        return [
            resource
            for resource in self.olds.live.values()
            if resource.urn not in self.decided.kept and (urn in resource.replace_with or resource.deleted_with == urn)
        ]

    def keep(self, urn: str) -> None:
        """Note that a resource which the engine registers itself stays."""
        self.decided.seen.add(urn)
        self.decided.kept.add(urn)

    def is_deleted(self, urn: str) -> bool:
        """Tell whether a resource is deleted in this run."""
        return urn in self.decided.deleted

    def check_targets(self) -> None:
        """Refuse targets that name nothing.

        Raises:
            PlanError: One of them names no resource.
        """
        unknown = self._targets.unknown(self.decided.seen | self.olds.live.keys())
        if unknown:
            raise PlanError("", f"no resource is called {', '.join(unknown)}, expected URNs of this stack (--target).")


def _new_state(goal: Goal, urn: str, old: Resource | None, provider_reference: str) -> Resource:
    return Resource(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        inputs=goal.properties,
        parent=goal.parent,
        provider=provider_reference,
        dependencies=goal.dependencies,
        property_dependencies=goal.property_dependencies,
        protect=bool(goal.protect),
        additional_secret_outputs=goal.additional_secret_outputs,
        custom_timeouts=goal.custom_timeouts,
        retain_on_delete=bool(goal.retain_on_delete),
        deleted_with=goal.deleted_with,
        replace_with=goal.replace_with,
        created=old.created if old else "",
        modified=old.modified if old else "",
        source_position=goal.source_position,
        ignore_changes=goal.ignore_changes,
        hide_diff=goal.hide_diff,
        replace_on_changes=goal.replace_on_changes,
    )
