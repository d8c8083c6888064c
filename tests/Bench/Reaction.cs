using System.Diagnostics;
using AgentReadiness.Api;
using AgentReadiness.ApiServer.Tests;
using AgentReadiness.ApiServer.Tests.Rollout;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Bench;

/// <summary>
/// From the API server's answer to a change of an agent's template to its EvalRun on a watch, beside a plain Deployment's change
/// and its ReplicaSet, turn by turn. Between the agent's two lie an eval Deployment, its ReplicaSet and its pod, all made by the
/// real controllers; only the kubelet is hollow.
/// </summary>
internal static class Reaction
{
    private static readonly ResourceType ReplicaSets = new("apps", "v1", "replicasets", "ReplicaSet");
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public static async Task<(IReadOnlyList<double> Runs, IReadOnlyList<double> EvalDeployments, IReadOnlyList<double> Plain)> MeasureAsync(
        ControlPlane plane,
        int changes,
        Action<string> progress
    )
    {
        var ns = Population.Namespace(0);
        var api = new KubernetesApi(plane.CreateClient(), "gitops", pacing: new RequestPacing { RequestsPerSecond = 1000, Burst = 1000 });
        await using var witness = new Witness(api, ns);
        await using var kubelet = new HollowKubelet(api, witness, ns);
        kubelet.HoldsRunners = true;
        await using var sets = new Feed(api, ReplicaSets, ns, seen => Arrived?.Invoke(seen));
        witness.Changed += seen => Arrived?.Invoke(seen);
        plane.EnsureControllers();
        for (var i = 0; i < changes; i++)
            await api.ApplyAsync(DeploymentView.Resource, ns, Plain(i), PlainDeployment(ns, i, "plain:1"), CancellationToken.None);
        await witness.UntilAsync(
            "the plain Deployments",
            () =>
                witness
                    .All(DeploymentView.Resource)
                    .Count(seen =>
                        seen.Name.StartsWith("plain-", StringComparison.Ordinal) && seen.Object.Number("status", "availableReplicas") == 1
                    ) == changes,
            () => "no",
            120
        );
        progress($"{changes} plain Deployments are there");

        List<double> runs = [],
            deployments = [],
            plain = [];
        for (var i = 0; i < changes; i++)
        {
            var name = Population.Name(i);
            var (deployment, run) = (
                Next(DeploymentView.Resource, seen => IsNew(seen, name, Names.EvalTrack)),
                Next(Witness.Runs, seen => IsNew(seen, name, null))
            );
            var answered = await ImageAsync(api, Witness.Agents, ns, name, "agent:2");
            deployments.Add(Stopwatch.GetElapsedTime(answered, await deployment).TotalMilliseconds);
            runs.Add(Stopwatch.GetElapsedTime(answered, await run).TotalMilliseconds);
            await Task.Delay(Pause);

            var set = Next(ReplicaSets, seen => seen.Name.StartsWith($"{Plain(i)}-", StringComparison.Ordinal));
            answered = await ImageAsync(api, DeploymentView.Resource, ns, Plain(i), "plain:2");
            plain.Add(Stopwatch.GetElapsedTime(answered, await set).TotalMilliseconds);
            await Task.Delay(Pause);
            if (i % 20 == 19)
                progress($"{i + 1} of {changes} changes");
        }
        // Back to what serves: the candidates go.
        for (var i = 0; i < changes; i++)
            await ImageAsync(api, Witness.Agents, ns, Population.Name(i), "agent:1");
        await witness.UntilAsync(
            "the candidates to go",
            () => witness.All(DeploymentView.Resource).All(seen => seen.Label(Names.TrackLabel) != Names.EvalTrack),
            () => "they stay",
            120
        );
        return (runs, deployments, plain);
    }

    private static event Action<Seen>? Arrived;

    private static bool IsNew(Seen seen, string agent, string? track) =>
        seen.Label(Names.AgentLabel) == agent && (track is null || seen.Label(Names.TrackLabel) == track);

    // The moment of the next object of a kind that is not known yet.
    private static async Task<long> Next(ResourceType type, Func<Seen, bool> isIt)
    {
        var moment = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(Seen seen)
        {
            if (
                seen.Type == type
                && !seen.Deleted
                && seen.Object.Text("metadata", "creationTimestamp") is { } created
                && DateTimeOffset.Parse(created, System.Globalization.CultureInfo.InvariantCulture)
                    > TimeProvider.System.GetUtcNow().AddSeconds(-20)
                && isIt(seen)
            )
                moment.TrySetResult(Stopwatch.GetTimestamp());
        }
        Arrived += Look;
        try
        {
            return await moment.Task.WaitAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            Arrived -= Look;
        }
    }

    // The answer's moment. The watch may be a little ahead of it.
    private static async Task<long> ImageAsync(KubernetesApi api, ResourceType type, string ns, string name, string image)
    {
        await api.JsonPatchAsync(
            type,
            ns,
            name,
            new JsonArray(
                new JsonObject
                {
                    ["op"] = "replace",
                    ["path"] = "/spec/template/spec/containers/0/image",
                    ["value"] = image,
                }
            ),
            CancellationToken.None
        );
        return Stopwatch.GetTimestamp();
    }

    private static string Plain(int index) => $"plain-{index}";

    private static JsonObject PlainDeployment(string ns, int index, string image) =>
        new()
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["name"] = Plain(index), ["namespace"] = ns },
            ["spec"] = new JsonObject
            {
                ["replicas"] = 1,
                ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["plain"] = Plain(index) } },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["plain"] = Plain(index) } },
                    ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = image }) },
                },
            },
        };
}
