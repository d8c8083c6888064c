using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Contracts;

namespace AgentReadiness.Cli.Budgets;

/// <summary>"budget spend": sums who caused which cost, from the logs of the agent's guardrails.</summary>
internal static class SpendCommand
{
    private const string DefaultSince = "1h";

    /// <summary>The command.</summary>
    /// <param name="connect">Makes a connection to a cluster.</param>
    public static Command Create(Func<ClusterOptions, Cluster> connect)
    {
        var by = new Option<string>("--by")
        {
            Description = "model, revision, run, or a tag of spec.budget.attribution, for example customer.",
            Required = true,
        };
        var since = new Option<string>("--since")
        {
            Description = "How far back the logs are read, for example 30m or 24h.",
            DefaultValueFactory = _ => DefaultSince,
        };
        var command = new Command(
            "spend",
            """
            Sums what model calls cost, by one thing that spend is told apart by: the costliest first.

            The logs of the guardrails of the agent's serving pods are read, which takes the right to get pods/log. They are exact, as far
            as they reach: pods that are gone, and lines that the node has rotated away, are not there. "show" tells the costliest of a
            whole window.
            """
        )
        {
            by,
            since,
        };
        return new BudgetOptions(connect).AddTo(
            command,
            async (parsed, cluster, target, cancellationToken) =>
            {
                var dimension = parsed.GetRequiredValue(by);
                if (target.IsShared)
                    throw new RefusalException(
                        $"NAME: {target} is a shared budget and has no pods: name one of its agents, see its status.topSpenders"
                    );
                if (!Attribution.Taken.Contains(dimension) && !Attribution.IsName(dimension))
                    throw new RefusalException(
                        $"--by: \"{dimension}\" must be {string.Join(", ", Attribution.Taken)} or a tag's name, for example customer"
                    );
                if (!GoDuration.TryParse(parsed.GetRequiredValue(since), out var back) || back < TimeSpan.FromSeconds(1))
                    throw new RefusalException(
                        $"--since: \"{parsed.GetRequiredValue(since)}\" must be a duration of a second or more, for example \"1h\""
                    );
                var text = parsed.InvocationConfiguration.Output;
                await foreach (var line in ReadAsync(cluster, target, dimension, back, cancellationToken))
                    await text.WriteLineAsync(line);
                return 0;
            }
        );
    }

    private static async IAsyncEnumerable<string> ReadAsync(
        Cluster cluster,
        BudgetTarget target,
        string by,
        TimeSpan back,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var declared = await BudgetObject.ReadAsync(cluster, target, cancellationToken);
        var pods = $"/api/v1/namespaces/{Uri.EscapeDataString(target.Namespace)}/pods";
        var selector = Uri.EscapeDataString($"{Names.AgentLabel}={target.Name},{Names.TrackLabel}={Names.ServingTrack}");
        var found = (await cluster.GetAsync($"{pods}?labelSelector={selector}", cancellationToken))?["items"] as JsonArray ?? [];
        var table = new SpendTable(by);
        var (read, unread) = (0, new List<string>());
        foreach (
            var name in found.Select(pod => pod?["metadata"]?["name"]?.GetValue<string>()).OfType<string>().Order(StringComparer.Ordinal)
        )
        {
            try
            {
                await cluster.ReadLinesAsync(
                    $"{pods}/{Uri.EscapeDataString(name)}/log?container={Names.GuardrailContainer}&sinceSeconds={(long)back.TotalSeconds}",
                    table.Add,
                    cancellationToken
                );
                read++;
            }
            // The pod has not started yet, or is gone by now.
            catch (ClusterException exception) when (exception.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound)
            {
                unread.Add($"{name}: {exception.Message}");
            }
        }
        foreach (var line in table.Write())
            yield return line;
        yield return $"Read from the logs of {read} {(read == 1 ? "pod" : "pods")}, the last {GoDuration.Format(back)}: {table.Lines} "
            + $"model calls. Pods that are gone are not in it.";
        if (!Attribution.Taken.Contains(by) && declared.Budget is Api.Resources.BudgetSpec budget && !budget.Attribution.Contains(by))
            yield return $"\"{by}\" is not in spec.budget.attribution: nothing is told apart by it.";
        foreach (var line in unread)
            yield return BudgetText.Plain($"not read: {line}");
    }
}
