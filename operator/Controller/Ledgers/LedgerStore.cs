using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Reads, creates and writes one BudgetLedger on the API server, by compare-and-swap on its version.</summary>
internal sealed class LedgerStore(AccountKey account, KubernetesApi api, OperatorOptions options)
{
    private static readonly ResourceType Ledgers = ResourceType.Of<BudgetLedger>();

    private BudgetLedger? current;

    /// <summary>Whether what is there is known.</summary>
    public bool IsRead => current is not null;

    /// <summary>What is there.</summary>
    public BudgetLedgerStatus Status => current?.Status ?? new BudgetLedgerStatus();

    /// <summary>Names the ledger in the grant protocol: the first twelve digits of its UID.</summary>
    public string Id => current!.Metadata.Uid.Replace("-", "", StringComparison.Ordinal)[..12];

    /// <summary>Reads the ledger, and makes it where there is none.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        var found =
            await api.GetAsync(Ledgers, options.Namespace, account.LedgerName, cancellationToken)
            ?? await api.CreateAsync(Ledgers, options.Namespace, Fresh(), cancellationToken);
        current = KubernetesJson.Deserialize<BudgetLedger>(found.ToJsonString());
    }

    /// <summary>Writes the account.</summary>
    /// <exception cref="KubernetesApiException">A conflict: somebody else wrote since it was read.</exception>
    public async Task WriteAsync(BudgetLedgerStatus status, CancellationToken cancellationToken)
    {
        var body = (JsonObject)JsonNode.Parse(KubernetesJson.Serialize(current!))!;
        body["status"] = JsonNode.Parse(KubernetesJson.Serialize(status));
        var written = await api.SendAsync(
            HttpMethod.Put,
            Ledgers.Path(options.Namespace, account.LedgerName, "status"),
            body,
            "application/json",
            cancellationToken
        );
        current!.Metadata.ResourceVersion = written["metadata"]!["resourceVersion"]!.GetValue<string>();
        current.Status = status;
    }

    /// <summary>Forgets what was read, because it may have changed since.</summary>
    public void Forget() => current = null;

    /// <summary>Whether two states are the same on disk.</summary>
    public static bool Same(BudgetLedgerStatus before, BudgetLedgerStatus after) =>
        ReferenceEquals(before, after)
        || (
            before with { Limits = after.Limits, Holders = after.Holders, Overruns = after.Overruns, Previous = after.Previous } == after
            && before.Limits.SequenceEqual(after.Limits)
            && before.Holders.SequenceEqual(after.Holders)
            && before.Overruns.SequenceEqual(after.Overruns)
            && before.Previous.SequenceEqual(after.Previous)
        );

    private JsonObject Fresh()
    {
        var spec = new JsonObject
        {
            ["namespace"] = account.Namespace,
            ["agent"] = account.Agent,
            ["account"] = account.Account.ToString(),
        };
        if (account.Revision is { Hash: var revision })
            spec["revision"] = revision;
        return new JsonObject
        {
            ["apiVersion"] = Ledgers.ApiVersion,
            ["kind"] = Ledgers.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = account.LedgerName,
                ["namespace"] = options.Namespace,
                ["labels"] = new JsonObject
                {
                    [Names.ManagedByLabel] = Names.Operator,
                    [Names.AgentLabel] = account.Agent,
                    [Names.AgentNamespaceLabel] = account.Namespace,
                },
            },
            ["spec"] = spec,
        };
    }
}
