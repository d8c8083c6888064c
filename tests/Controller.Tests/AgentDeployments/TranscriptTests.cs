using System.Text.RegularExpressions;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.AgentDeployments;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// Whole rollouts, decision by decision: every write, event, condition and planned look, exactly. The transcripts are in golden/;
/// UPDATE_GOLDEN=1 writes them anew, and their difference is what a change of the decider means.
/// </summary>
public sealed partial class TranscriptTests
{
    private readonly SimulatedCluster cluster = new();
    private readonly StringBuilder text = new();
    private readonly List<string> revisions = [];

    [Fact]
    public void BlueGreen()
    {
        cluster.Agent.Spec.PodDisruptionBudget = new DisruptionSpec { MaxUnavailable = "1" };
        Promote("first revision");
        Say("the prompt changes", () => cluster.SetPrompt("v2"));
        Promote("second revision");
        Say("the drain is over", () => cluster.Now += TimeSpan.FromSeconds(31));
        Say("a worse prompt", () => cluster.SetPrompt("v3"));
        Say("eval pods come up", cluster.PodsComeUp);
        Say("its evals fail", () => cluster.EvalsEnd(EvalPhase.Failed));
        Say("a person wants it measured again", () => cluster.Decide(DecisionAction.Retry, cluster.Declared));
        Say("eval pods come up", cluster.PodsComeUp);
        Say("they cannot be measured", () => cluster.EvalsEnd(EvalPhase.Error));
        Say("and pass at the next attempt", () => cluster.EvalsEnd(EvalPhase.Passed));
        Say("serving pods come up", cluster.PodsComeUp);
        Verify();
    }

    [Fact]
    public void Canary()
    {
        cluster.Agent.Spec.Replicas = 4;
        cluster.Agent.Spec.Rollout = new RolloutSpec
        {
            Strategy = RolloutStrategy.Canary,
            Steps = [new CanaryStep { Percent = 20, Hold = "10m" }, new CanaryStep { Percent = 60, Hold = "1h" }],
            Approval = ApprovalMode.Manual,
        };
        Promote("first revision");
        Say("a person approves it", () => cluster.Decide(DecisionAction.Promote, cluster.Declared));
        Say("serving pods come up", cluster.PodsComeUp);
        Say("the prompt changes", () => cluster.SetPrompt("v2"));
        Promote("second revision");
        Say("a person approves it", () => cluster.Decide(DecisionAction.Promote, cluster.Declared));
        Say("the step's pods come up", cluster.PodsComeUp);
        Say("the step's hold is over", () => cluster.Now += TimeSpan.FromMinutes(10));
        Say("the step's pods come up", cluster.PodsComeUp);
        Say("the rollout is paused", () => cluster.Agent.Spec.Rollout.Paused = true);
        Say("and goes on", () => cluster.Agent.Spec.Rollout.Paused = false);
        Say("an autoscaler wants more", () => cluster.Agent.Spec.Replicas = 6);
        Say("more pods come up", cluster.PodsComeUp);
        Say("a person has seen enough", () => cluster.Decide(DecisionAction.Promote, cluster.Declared, attempt: 2));
        Say("all pods come up", cluster.PodsComeUp);
        Say("a person goes back", () => cluster.Decide(DecisionAction.RollbackTo, revisions[0]));
        Say("the old pods come up", cluster.PodsComeUp);
        Say("the prompt changes", () => cluster.SetPrompt("v3"));
        Say("a person gives it up", () => cluster.Decide(DecisionAction.Abort, cluster.Declared));
        Verify();
    }

    [Fact]
    public void What_goes_wrong()
    {
        Say("a Service of somebody else has its name", () => cluster.AddForeignService("support"));
        Say("it goes", () => cluster.RemoveService("support"));
        Say("eval pods never come up", () => cluster.Now += TimeSpan.FromMinutes(15));
        Say("an exception is granted", () => cluster.Except(cluster.Declared, TimeSpan.FromHours(1)));
        Say("it ends before the pods are there", () => cluster.Now += TimeSpan.FromHours(1));
        Say("a person retries", () => cluster.Decide(DecisionAction.Retry, cluster.Declared));
        Promote("first revision");
        Say("the budget is spent", () => cluster.Spend("49.9", exhausted: true));
        Say("pods go", cluster.PodsComeUp);
        Say("the cap is raised", () => cluster.Agent.Spec.Budget!.Windows[0].MaxCost = "100");
        Say("pods come up", cluster.PodsComeUp);
        Say(
            "a pod dies",
            () => cluster.Edit($"support-{cluster.Served}", view => view with { Pods = view.Pods with { Available = 1, Ready = 1 } })
        );
        Say("the spec breaks a rule", () => cluster.Agent.Spec.Replicas = -1);
        Say("and is mended", () => cluster.Agent.Spec.Replicas = 2);
        Say("a prompt is missing", cluster.RemovePrompt);
        Say("a person decides on what is not there", () => cluster.Decide(DecisionAction.RollbackTo, "0123456789abcde"));
        Say("another prompt is there", () => cluster.SetPrompt("v2"));
        Verify();
    }

    private void Promote(string what)
    {
        Say($"{what}: declared", () => { });
        Say("eval pods come up", cluster.PodsComeUp);
        Say("its evals pass", () => cluster.EvalsEnd(EvalPhase.Passed));
        Say("serving pods come up", cluster.PodsComeUp);
    }

    // What happens, and what is decided until nothing changes any more.
    private void Say(string what, Action happen)
    {
        happen();
        text.Append(CultureInfo.InvariantCulture, $"# {what}\n");
        for (var pass = 0; pass < 10; pass++)
        {
            Note(cluster.Declared);
            var services = cluster.Services.ToDictionary(entry => entry.Key, entry => Selector(entry.Value.Selector));
            var deployments = cluster.Deployments.ToDictionary(entry => entry.Key, entry => entry.Value.Pods.Wanted);
            var copies = cluster.Copies.ToDictionary(entry => entry.Key, entry => entry.Value.Digest);
            var budget = cluster.Disruption is not null;
            var decision = AgentDecider.Decide(cluster.Observe());
            var again = cluster.Reconcile();
            foreach (var write in decision.Writes)
                text.Append(Line(write, services, deployments, copies, budget));
            foreach (var note in decision.Events)
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"  event {(note.Warning ? "Warning" : "Normal")} {note.Reason}: {note.Message}\n"
                );
            if (!again)
            {
                var state = string.Join(
                    ", ",
                    decision
                        .Status.Conditions.Select(condition => $"{condition.Type}={condition.Status} {condition.Reason}")
                        .Order(StringComparer.Ordinal)
                );
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"  = {decision.Status.Phase}: {state}\n  = look again: {Wait(decision.RequeueAfter)}\n"
                );
                return;
            }
        }
        throw new InvalidOperationException($"no fixed point after: {what}");
    }

    // Only what differs from what is there: an apply of what is so already is not sent.
    private static string Line(
        Write write,
        Dictionary<string, string> services,
        Dictionary<string, int> deployments,
        Dictionary<string, string> copies,
        bool budget
    )
    {
        switch (write)
        {
            case Write.Apply { Resource.Kind: "Service" } apply:
                var selector = Selector(
                    ((System.Text.Json.Nodes.JsonObject)apply.Body["spec"]!["selector"]!).ToDictionary(
                        entry => entry.Key,
                        entry => entry.Value!.GetValue<string>()
                    )
                );
                return services.GetValueOrDefault(Name(apply)) == selector
                    ? string.Empty
                    : $"  apply Service {Name(apply)} to {selector}\n";
            case Write.Apply { Resource.Kind: "Deployment" } apply:
                var replicas = apply.Body["spec"]!["replicas"]!.GetValue<int>();
                return deployments.TryGetValue(Name(apply), out var known) && known == replicas
                    ? string.Empty
                    : $"  apply Deployment {Name(apply)}, {replicas} pods\n";
            case Write.Apply { Resource.Kind: "PodDisruptionBudget" } apply:
                return budget ? string.Empty : $"  apply PodDisruptionBudget {Name(apply)}\n";
            case Write.Apply apply:
                return copies.ContainsKey(Name(apply)) ? string.Empty : $"  apply {apply.Resource.Kind} {Name(apply)}\n";
            case Write.Copy copy:
                return $"  copy ConfigMap {copy.Source} to {copy.Body["metadata"]!["name"]}\n";
            case Write.Verify verify:
                return $"  verify that Deployment {verify.Deployment.Name} has {verify.Pods} pods\n";
            case Write.Scale scale:
                return $"  scale Deployment {scale.Deployment.Name} to {scale.Replicas}\n";
            case Write.CreateRun create:
                return $"  create EvalRun, attempt {create.Body["spec"]!["attempt"]}, round "
                    + $"{create.Body["spec"]!["round"]?.ToJsonString() ?? "none"}\n";
            case Write.Delete delete:
                return $"  delete {delete.Resource.Kind} {delete.Key.Name}\n";
            default:
                return $"  {write.GetType().Name}\n";
        }
    }

    private void Note(string revision)
    {
        if (!revisions.Contains(revision))
            revisions.Add(revision);
    }

    // Revisions by the order in which they came: their hashes say nothing.
    private void Verify([System.Runtime.CompilerServices.CallerMemberName] string name = "")
    {
        var transcript = text.ToString();
        for (var i = 0; i < revisions.Count; i++)
            transcript = transcript.Replace(revisions[i], $"R{i + 1}", StringComparison.Ordinal);
        transcript = Identity().Replace(transcript, "support-RUN");
        var file = Repository.PathOf("tests", "Controller.Tests", "golden", $"{name}.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllText(file, transcript);
        transcript.ShouldBe(File.ReadAllText(file));
    }

    private static string Selector(IReadOnlyDictionary<string, string> selector) =>
        $"{selector.GetValueOrDefault(Names.TrackLabel) ?? "nothing"} {selector.GetValueOrDefault(Names.RevisionLabel) ?? "of all"}";

    private static string Name(Write.Apply apply) => apply.Body["metadata"]!["name"]!.GetValue<string>();

    private static string Wait(TimeSpan? wait) =>
        wait is { } time ? TimeSpan.FromSeconds(Math.Floor(time.TotalSeconds)).ToString("c", CultureInfo.InvariantCulture) : "never";

    [GeneratedRegex("support-[0-9a-f]{10}(?=-[0-9])")]
    private static partial Regex Identity();
}
