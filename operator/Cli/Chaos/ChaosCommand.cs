using System.CommandLine;
using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Cli.Budgets;
using k8s;

namespace AgentReadiness.Cli.Chaos;

/// <summary>"chaos": tells which faults an agent's evals make, and which case meets which at its first calls.</summary>
internal static class ChaosCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "chaos";

    /// <summary>The command.</summary>
    /// <param name="connect">Makes a connection to a cluster.</param>
    public static Command Create(Func<ClusterOptions, Cluster> connect)
    {
        var eval = new Option<string?>("--eval") { Description = "Only the eval of this name: its own, else its suite's." };
        var file = new Option<string?>("--cases")
        {
            Description = "The file with the cases, JSON Lines or YAML. Without it, the suite's ConfigMap is read where you may.",
        };
        var command = new Command(
            Name,
            """
            Prints the plan of chaos of each eval of an agent: the faults, their rates, and which case meets which fault at its first calls.
            A call meets the same fault each time, as nothing of it is left to chance: the plan follows from spec.evals[].chaos, the case's
            ID and the number of the call in its run; each attempt counts as a call.

            Exit codes: 0 the plan is printed; 2 the command line is wrong, or the agent cannot be read: a line on standard error says why.
            """
        )
        {
            eval,
            file,
        };
        return new BudgetOptions(connect).AddTo(
            command,
            async (parsed, cluster, target, cancellationToken) =>
            {
                if (target.IsShared)
                    throw new RefusalException($"NAME: {target} is a shared budget and has no evals: name an agent");
                var agent = await ReadAsync(cluster, target, cancellationToken);
                var cases = parsed.GetValue(file) is { } path
                    ? CaseIds.Read(await File.ReadAllBytesAsync(path, cancellationToken), CaseIds.IsYaml(path))
                    : null;
                var output = parsed.InvocationConfiguration.Output;
                var named = parsed.GetValue(eval);
                var found = agent.Spec.Evals.Where(one => named is null || ChaosPlans.NameOf(one) == named).ToList();
                if (found.Count == 0 && named is not null)
                    throw new RefusalException(
                        $"--eval: {target} has no eval \"{named}\"; its evals are: "
                            + string.Join(", ", agent.Spec.Evals.Select(ChaosPlans.NameOf))
                    );
                var isFirst = true;
                foreach (var one in found)
                {
                    if (ChaosPlans.Of(one) is not { } plan)
                        continue;
                    if (!isFirst)
                        await output.WriteLineAsync();
                    isFirst = false;
                    var (known, why) = cases is null ? await CasesAsync(cluster, one, target.Namespace, cancellationToken) : (cases, null);
                    foreach (var line in ChaosTable.Lines(one, plan, agent.Spec, known, why))
                        await output.WriteLineAsync(BudgetText.Plain(line));
                }
                if (isFirst)
                    await output.WriteLineAsync(
                        named is null ? $"no eval of {target} declares chaos" : $"eval \"{named}\" of {target} declares no chaos"
                    );
                return 0;
            }
        );
    }

    private static async Task<AgentDeployment> ReadAsync(Cluster cluster, BudgetTarget target, CancellationToken cancellationToken)
    {
        var found = await BudgetObject.ReadAsync(cluster, target, cancellationToken);
        var agent = KubernetesJson.Deserialize<AgentDeployment>(found.Tree.ToJsonString());
        // An old server takes what breaks a rule; a plan of it would be none that is ever carried out.
        return
            AgentDeploymentRules.Check(agent).FirstOrDefault(finding => finding.Field.Contains(".chaos", StringComparison.Ordinal))
                is { } broken
            ? throw new RefusalException($"{target}: {broken}")
            : agent;
    }

    /// <summary>The cases of an eval's suite, or why they are not known.</summary>
    private static async Task<(IReadOnlyList<CaseId>? Cases, string? Why)> CasesAsync(
        Cluster cluster,
        EvalRequirement eval,
        string agentNamespace,
        CancellationToken cancellationToken
    )
    {
        var ns = eval.Suite.Namespace ?? agentNamespace;
        var suite = $"EvalSuite {ns}/{eval.Suite.Name}";
        try
        {
            if (await cluster.GetAsync(BudgetTarget.Resource(ns, "evalsuites", eval.Suite.Name), cancellationToken) is not { } tree)
                return (null, $"there is no {suite}");
            if (KubernetesJson.Deserialize<EvalSuite>(tree.ToJsonString()).Spec.Builtin?.Cases is not { } source)
                return (null, $"the cases of {suite} are in no ConfigMap: give --cases");
            var path = $"/api/v1/namespaces/{Uri.EscapeDataString(ns)}/configmaps/{Uri.EscapeDataString(source.Name)}";
            var text = (await cluster.GetAsync(path, cancellationToken))?["data"]?[source.Key]?.GetValue<string>();
            return text is null
                ? (null, $"ConfigMap {ns}/{source.Name} with the cases, or its key {source.Key}, does not exist")
                : (CaseIds.Read(System.Text.Encoding.UTF8.GetBytes(text), CaseIds.IsYaml(source.Key)), null);
        }
        catch (ClusterException exception)
        {
            return (null, $"the cases of {suite} cannot be read ({exception.Message}): give --cases");
        }
        catch (Exception exception) when (exception is JsonException or RefusalException)
        {
            return (null, $"the cases of {suite} are none that can be read: {exception.Message}");
        }
    }
}
