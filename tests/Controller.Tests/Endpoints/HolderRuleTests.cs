using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Endpoints;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Tests;

/// <summary>Labels and a token of one's own make no holder of an agent's money.</summary>
public sealed class HolderRuleTests
{
    private const string AgentUid = "agent-uid";
    private const string DeploymentUid = "deployment-uid";
    private const string Image = "guardrail:1";

    [Theory]
    [InlineData("nothing", null)]
    [InlineData("no agent", "its agent does not exist")]
    [InlineData("no Deployment", "its agent has no Deployment of its revision")]
    [InlineData("a Deployment of somebody else", "its agent has no Deployment of its revision")]
    [InlineData("an agent that was made anew", "its agent has no Deployment of its revision")]
    [InlineData("a pod that nobody controls", "no ReplicaSet of Deployment")]
    [InlineData("a pod of a Job", "no ReplicaSet of Deployment")]
    [InlineData("a ReplicaSet that nobody controls", "no ReplicaSet of Deployment")]
    [InlineData("a ReplicaSet of another Deployment", "no ReplicaSet of Deployment")]
    [InlineData("a pod without a guardrail", "its guardrail's image is \"\"")]
    [InlineData("a token elsewhere", "its guardrail has another command, or another container has its token")]
    [InlineData("another image", "its guardrail's image is \"evil:1\"")]
    [InlineData("a tampered Deployment and its pod", "its guardrail's image is \"evil:1\"")]
    [InlineData("no pin yet", null)]
    public void A_holder_comes_from_the_operators_own_objects(string change, string? refusal) => Check(change, refusal, holds: false);

    // The pods of an evaluation end after their Deployment is deleted, and those of an agent after the agent is.
    [Theory]
    [InlineData("nothing", null)]
    [InlineData("no agent", null)]
    [InlineData("no Deployment", null)]
    [InlineData("an agent that was made anew", null)]
    [InlineData("neither agent nor Deployment", null)]
    [InlineData("a token elsewhere", "its guardrail has another command, or another container has its token")]
    [InlineData("another image", "its guardrail's image is \"evil:1\"")]
    [InlineData("a tampered Deployment and its pod", "its guardrail's image is \"evil:1\"")]
    public void A_pod_that_held_money_reports_also_when_what_made_it_is_gone(string change, string? refusal) =>
        Check(change, refusal, holds: true);

    private static void Check(string change, string? refusal, bool holds)
    {
        var agent = new AgentDeployment
        {
            Metadata = new() { Uid = change == "an agent that was made anew" ? "another" : AgentUid },
            Status = new AgentDeploymentStatus
            {
                Injections = change == "no pin yet" ? [] : [new InjectionStatus { Revision = "abc", Image = Image }],
            },
        };
        var evil = change is "another image" or "a tampered Deployment and its pod";
        var pod = new PodView(
            Meta(
                "pod",
                change switch
                {
                    "a pod that nobody controls" => null,
                    "a pod of a Job" => new ControllerReference("Job", "j", "j"),
                    _ => new ControllerReference("ReplicaSet", "rs", "rs"),
                }
            ),
            "Running",
            null,
            []
        )
        {
            HasOwnGuardrail = change != "a token elsewhere",
            GuardrailImage =
                change == "a pod without a guardrail" ? null
                : evil ? "evil:1"
                : Image,
        };
        var deployment = new DeploymentView(
            Meta(
                "deployment",
                new ControllerReference("AgentDeployment", "support", change == "a Deployment of somebody else" ? "x" : AgentUid)
            ) with
            {
                Uid = DeploymentUid,
            },
            default!,
            true,
            null,
            change == "a tampered Deployment and its pod" ? "evil:1" : Image,
            [],
            Json.EmptyMap
        );
        var owner = change switch
        {
            "a ReplicaSet that nobody controls" => null,
            "a ReplicaSet of another Deployment" => "another",
            _ => DeploymentUid,
        };

        var why = HolderRule.Refusal(
            pod,
            owner,
            change is "no Deployment" or "neither agent nor Deployment" ? null : deployment,
            change is "no agent" or "neither agent nor Deployment" ? null : agent,
            holds
        );

        if (refusal is null)
            why.ShouldBeNull();
        else
            why.ShouldNotBeNull().ShouldStartWith(refusal);
    }

    private static Meta Meta(string name, ControllerReference? controller) =>
        new(
            new("shop", name),
            name,
            controller,
            new Dictionary<string, string> { [Names.RevisionLabel] = "abc", [Names.AgentLabel] = "support" },
            DateTimeOffset.UnixEpoch,
            false,
            "1"
        );
}
