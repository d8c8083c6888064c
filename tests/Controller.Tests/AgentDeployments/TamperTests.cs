using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.ReadinessExceptions;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Tests;

public sealed class TamperTests
{
    private readonly SimulatedCluster cluster = new();

    [Fact]
    public void While_a_foreign_Service_would_select_its_pods_a_candidate_has_none()
    {
        cluster.Agent.Spec.Template["metadata"] = new System.Text.Json.Nodes.JsonObject
        {
            ["labels"] = new System.Text.Json.Nodes.JsonObject { ["app"] = "support" },
        };
        cluster.AddForeignService("old-entry", new Dictionary<string, string> { ["app"] = "support" });
        cluster.AddForeignService("harmless", new Dictionary<string, string> { ["app"] = "other" });
        cluster.Settle();
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.ForeignService);
        cluster.Condition(ConditionTypes.Stalled)!.Message.ShouldContain("shop/old-entry");
        cluster.Condition(ConditionTypes.Stalled)!.Message.ShouldContain("app=support");
        cluster.Deployments.ShouldBeEmpty();

        cluster.RemoveService("old-entry");
        cluster.Settle();
        cluster.Deployments.Keys.ShouldHaveSingleItem().ShouldEndWith("-eval");

        cluster.AddForeignService("thief", new Dictionary<string, string> { [Names.TrackLabel] = Names.EvalTrack });
        cluster.Settle();
        cluster.Deployments.ShouldBeEmpty("its pods go as soon as a Service points at them");
    }

    [Fact]
    public void A_pod_that_only_wears_our_labels_is_reported_once()
    {
        var good = cluster.PromoteDeclared();
        cluster.Pods.Add(Pod("support-x", good, $"ReplicaSet/support-{good}-abc"));
        cluster.Settle();
        cluster.Condition(ConditionTypes.Tampered).ShouldBeNull();

        cluster.Pods.Add(Pod("guest", good, null));
        cluster.Settle();
        cluster.Condition(ConditionTypes.Tampered)!.Message.ShouldContain("shop/guest");
        cluster.Events.Count(note => note.Reason == Reasons.Tampered).ShouldBe(1);

        cluster.Pods.RemoveAt(1);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Tampered).ShouldBeNull();
    }

    [Fact]
    public void A_Deployment_of_the_declared_revision_that_others_wrote_into_is_written_again()
    {
        var good = cluster.PromoteDeclared();
        cluster.Edit($"support-{good}", view => view with { ForeignManagers = ["kubectl-edit"], Pods = view.Pods with { Wanted = 7 } });
        var write = AgentDecider
            .Decide(cluster.Observe())
            .Writes.OfType<Write.Apply>()
            .Single(apply => apply.Resource.Kind == "Deployment");
        write.ForeignManagers.ShouldBe(["kubectl-edit"]);

        cluster.Settle();
        cluster.Deployments[$"support-{good}"].Pods.Wanted.ShouldBe(2);
    }

    [Fact]
    public void What_cannot_be_set_back_on_the_last_good_revision_is_reported_and_a_forged_prompt_is_removed()
    {
        var good = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        cluster.Settle();
        cluster.Edit($"support-{good}", view => view with { ForeignManagers = ["kubectl-edit"] });
        cluster.ReplaceCopy($"prompt-support-{good}", "forged");
        cluster.Reconcile();

        var message = cluster.Condition(ConditionTypes.Tampered)!.Message;
        message.ShouldContain("kubectl-edit");
        message.ShouldContain($"prompt-support-{good}");
        cluster.Copies.Keys.ShouldNotContain($"prompt-support-{good}");
    }

    [Theory]
    [InlineData("ReadWriteOnce", false)]
    [InlineData("ReadWriteOncePod", false)]
    [InlineData("ReadWriteMany", true)]
    [InlineData("ReadOnlyMany", true)]
    public void A_claim_that_one_pod_may_mount_is_refused(string mode, bool accepted)
    {
        cluster.Agent.Spec.Template["spec"]!["volumes"] = System.Text.Json.Nodes.JsonNode.Parse(
            """[{"name": "data", "persistentVolumeClaim": {"claimName": "store"}}]"""
        );
        cluster.Settle();
        cluster.Condition(ConditionTypes.Ready)!.Reason.ShouldBe(Reasons.ClaimNotFound);

        cluster.Claims["store"] = [mode];
        cluster.Lent.Add("store");
        cluster.Settle();
        if (accepted)
        {
            cluster.Condition(ConditionTypes.Stalled).ShouldBeNull();
            return;
        }
        cluster.Condition(ConditionTypes.Stalled)!.Reason.ShouldBe(Reasons.ClaimNotShareable);
        cluster.Condition(ConditionTypes.Stalled)!.Message.ShouldContain("spec.template.spec.volumes[0].persistentVolumeClaim");
        cluster.Deployments.ShouldBeEmpty();
    }

    [Fact]
    public void A_disruption_budget_comes_and_goes_with_the_spec()
    {
        cluster.Agent.Spec.PodDisruptionBudget = new DisruptionSpec { MaxUnavailable = "25%" };
        cluster.PromoteDeclared();
        cluster.Disruption.ShouldNotBeNull();
        cluster.Agent.Spec.PodDisruptionBudget = null;
        cluster.Settle();
        cluster.Disruption.ShouldBeNull();
        cluster.Settle().ShouldBe(0);
    }

    [Fact]
    public void An_exception_lets_its_revision_pass_and_no_other()
    {
        var revision = cluster.Declared;
        cluster.Except(revision, TimeSpan.FromHours(1));
        cluster.PromoteDeclared().ShouldBe(revision);
        cluster.Runs.ShouldBeEmpty();
        cluster.Condition(ConditionTypes.EvalsPassed)!.Status.ShouldBe("Unknown", "waived is not passed");
        cluster.Condition(ConditionTypes.EvalsPassed)!.Reason.ShouldBe(Reasons.ExceptionUsed);
        cluster.Agent.Status!.History[0].Exception.ShouldBe("platform/rex-0");
        cluster.Events.Single(note => note.Reason == Reasons.ExceptionUsed).Message.ShouldContain("TICKET-1");
        ReadinessExceptionController.Describe(cluster.Exceptions[0], cluster.Agent, ["platform"], cluster.Now).UsedAt.ShouldNotBeNull();

        cluster.Now += TimeSpan.FromHours(2);
        cluster.Settle();
        cluster.Served.ShouldBe(revision, "its end never stops what serves");
        ReadinessExceptionController
            .Describe(cluster.Exceptions[0], cluster.Agent, ["platform"], cluster.Now)
            .State.ShouldBe(ExceptionState.Expired);

        cluster.SetPrompt("v2");
        cluster.Settle();
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.Evaluating);
    }

    [Fact]
    public void An_exception_that_ends_before_the_promotion_shuts_the_gate_again()
    {
        cluster.Agent.Spec.Rollout = new RolloutSpec { Approval = ApprovalMode.Manual };
        cluster.Except(cluster.Declared, TimeSpan.FromHours(1));
        cluster.Settle();
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.AwaitingApproval);

        cluster.Now += TimeSpan.FromHours(1);
        cluster.Settle();
        cluster.Condition(ConditionTypes.Reconciling)!.Reason.ShouldBe(Reasons.Evaluating);
        cluster.Events.Count(note => note.Reason == Reasons.ExceptionEnded).ShouldBe(1);
        cluster.Agent.Status!.Exception.ShouldBeNull();
    }

    [Theory]
    [InlineData("shop", 60, "jo", ExceptionState.NotAllowed)]
    [InlineData("platform", 0, "jo", ExceptionState.Expired)]
    [InlineData("platform", 60, "", ExceptionState.NotAllowed)]
    [InlineData("platform", 60, "jo", ExceptionState.Active)]
    public void One_rule_says_whether_an_exception_is_in_force(string ns, int minutes, string by, ExceptionState state)
    {
        cluster.Except(cluster.Declared, TimeSpan.FromMinutes(minutes), ns);
        var exception = cluster.Exceptions[0];
        exception.Spec = exception.Spec with { RequestedBy = by };

        ExceptionRule.State(exception, ["platform"], cluster.Now).ShouldBe(state);
        (
            ExceptionRule.Find(
                [exception],
                "shop",
                "support",
                new Revision(cluster.Declared),
                ExceptionGate.Evals,
                ["platform"],
                cluster.Now
            )
            is not null
        ).ShouldBe(state == ExceptionState.Active);
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        (cluster.Runs.Count == 0).ShouldBe(state == ExceptionState.Active);
    }

    [Fact]
    public void An_unhealthy_last_good_never_blocks_the_fix_and_unreadiness_never_rolls_back()
    {
        var bad = cluster.PromoteDeclared();
        cluster.Edit($"support-{bad}", view => view with { Pods = view.Pods with { Available = 0, Ready = 0 } });
        cluster.Now += TimeSpan.FromDays(30);
        cluster.Settle();
        cluster.Served.ShouldBe(bad);
        cluster.Condition(ConditionTypes.Serving)!.Status.ShouldBe("False");

        cluster.SetPrompt("fix");
        cluster.Settle();
        cluster.Edit(
            $"support-{cluster.Declared}-eval",
            view => view with { Observed = true, Pods = view.Pods with { Updated = 1, Available = 1, Ready = 1, Total = 1 } }
        );
        cluster.Settle();
        cluster.EvalsEnd(EvalPhase.Passed);
        cluster.Settle();
        cluster.Edit(
            $"support-{cluster.Declared}",
            view => view with { Observed = true, Pods = view.Pods with { Updated = 2, Available = 2, Ready = 2, Total = 2 } }
        );
        cluster.Settle();
        cluster.Served.ShouldBe(cluster.Declared);
    }

    private static PodView Pod(string name, string revision, string? controller) =>
        new(
            new Meta(
                new NamespacedName("shop", name),
                name,
                controller is null ? null : new ControllerReference(controller.Split('/')[0], controller.Split('/')[1], "rs"),
                new Dictionary<string, string>
                {
                    [Names.AgentLabel] = "support",
                    [Names.RevisionLabel] = revision,
                    [Names.TrackLabel] = Names.ServingTrack,
                },
                DateTimeOffset.UnixEpoch,
                false,
                "1"
            ),
            "Running",
            null,
            []
        );
}
