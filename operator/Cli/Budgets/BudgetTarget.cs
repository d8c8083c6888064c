using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using k8s;

namespace AgentReadiness.Cli.Budgets;

/// <summary>A command cannot do what it was asked for. The message names the option and the remedy.</summary>
/// <param name="message">One line.</param>
internal sealed class RefusalException(string message) : Exception(message);

/// <summary>The object whose budget is meant: an AgentDeployment, or an AgentBudget that agents share.</summary>
/// <param name="IsShared">True for an AgentBudget.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
internal sealed record BudgetTarget(bool IsShared, string Namespace, string Name)
{
    private static readonly string[] Agents = ["agd", "agentdeployment", "agentdeployments"];
    private static readonly string[] Shared = ["agb", "agentbudget", "agentbudgets"];

    /// <summary>Where the object is on the API server.</summary>
    public string Path => Resource(Namespace, IsShared ? "agentbudgets" : "agentdeployments", Name);

    /// <summary>The name of its BudgetLedger.</summary>
    public string LedgerName => IsShared ? $"{Namespace}.{Name}.shared" : $"{Namespace}.{Name}";

    /// <summary>The kind.</summary>
    public string Kind => IsShared ? AgentBudget.EntityKind : "AgentDeployment";

    /// <summary>The field that holds the windows, as a JSON pointer.</summary>
    public string Pointer => IsShared ? "/spec" : "/spec/budget";

    /// <summary>Reads NAME, agd/NAME or agb/NAME, with the kind's longer names too.</summary>
    /// <exception cref="RefusalException">It is none of them.</exception>
    public static BudgetTarget Parse(string text, string ns)
    {
        var parts = text.Split('/');
        var kind = parts.Length == 2 ? parts[0].ToLowerInvariant() : Agents[0];
        if (kind.EndsWith("." + Names.Group, StringComparison.Ordinal))
            kind = kind[..^(Names.Group.Length + 1)];
        var isShared = Shared.Contains(kind);
        if (parts.Length > 2 || parts[^1].Length == 0 || (!isShared && !Agents.Contains(kind)))
            throw new RefusalException($"NAME: \"{text}\" must be agd/NAME (or NAME) for an AgentDeployment, agb/NAME for a shared budget");
        return new BudgetTarget(isShared, ns, parts[^1]);
    }

    /// <summary>The path of an object of our group.</summary>
    public static string Resource(string ns, string plural, string name) =>
        $"/apis/{Names.Group}/{Names.Version}/namespaces/{Uri.EscapeDataString(ns)}/{plural}/{Uri.EscapeDataString(name)}";

    /// <inheritdoc/>
    public override string ToString() => $"{(IsShared ? Shared[0] : Agents[0])}/{Name}";
}

/// <summary>An object with a budget, as the API server has it.</summary>
/// <param name="Target">Which.</param>
/// <param name="Tree">The whole object.</param>
/// <param name="Budget">What is declared; null where nothing is.</param>
/// <param name="Status">What the status tells of the windows.</param>
internal sealed record BudgetObject(BudgetTarget Target, JsonObject Tree, IWindowedBudget? Budget, IReadOnlyList<BudgetWindowStatus> Status)
{
    /// <summary>What the status tells of the windows of evaluations.</summary>
    public IReadOnlyList<BudgetWindowStatus> Evaluations { get; init; } = [];

    /// <summary>Reads the parts of an object that the commands need.</summary>
    /// <exception cref="RefusalException">It is not one that this program knows.</exception>
    public static BudgetObject Of(BudgetTarget target, JsonObject tree)
    {
        try
        {
            if (target.IsShared)
            {
                var shared = KubernetesJson.Deserialize<AgentBudget>(tree.ToJsonString());
                return new BudgetObject(target, tree, shared.Spec, shared.Status?.Budget ?? [])
                {
                    Evaluations = shared.Status?.Evaluations ?? [],
                };
            }
            var agent = KubernetesJson.Deserialize<AgentDeployment>(tree.ToJsonString());
            return new BudgetObject(target, tree, agent.Spec.Budget, agent.Status?.Budget ?? [])
            {
                Evaluations = agent.Status?.Evaluations ?? [],
            };
        }
        catch (JsonException exception)
        {
            throw new RefusalException(
                $"{target} of namespace {target.Namespace} cannot be read: {exception.Message}; is this program of the operator's version?"
            );
        }
    }

    /// <summary>Reads the object from the API server.</summary>
    /// <exception cref="RefusalException">There is none.</exception>
    public static async Task<BudgetObject> ReadAsync(Cluster cluster, BudgetTarget target, CancellationToken cancellationToken) =>
        await cluster.GetAsync(target.Path, cancellationToken) is { } tree
            ? Of(target, tree)
            : throw new RefusalException($"NAME: there is no {target} in namespace {target.Namespace}: correct NAME, or give --namespace");
}
