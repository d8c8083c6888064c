using System.Diagnostics;
using AgentReadiness.Api.Resources;
using AgentReadiness.ApiServer.Tests.Rollout;
using AgentReadiness.Contracts;
using AgentReadiness.Runtime;

namespace AgentReadiness.BenchBudgets;

/// <summary>What the other design did.</summary>
/// <param name="PerSecond">Calls that were written per second.</param>
/// <param name="Times">From a call to its write, ms.</param>
/// <param name="Conflicts">Writes that lost their race, for each one that won.</param>
internal sealed record Swapped(double PerSecond, IReadOnlyCollection<double> Times, double Conflicts);

/// <summary>
/// The other design: the account is an object of the API server, and each call writes it by compare-and-swap. Who loses the race reads the
/// object and tries again, at once. One write a call is the least that it can do; it would need a second one to settle.
/// </summary>
internal static class CompareAndSwap
{
    /// <summary>More writers at once only add conflicts.</summary>
    public const int MostWriters = 8;

    private static readonly TimeSpan Warm = TimeSpan.FromMilliseconds(300);
    private static readonly ResourceType Ledgers = ResourceType.Of<BudgetLedger>();

    /// <summary>Lets writers write a copy of a ledger.</summary>
    /// <param name="api">The API server.</param>
    /// <param name="like">The ledger.</param>
    /// <param name="withHolders">Whether the copy has a line for each pod, as the ledger has, or none.</param>
    /// <param name="ns">Where the copy is made.</param>
    /// <param name="writers">How many write at once.</param>
    /// <param name="length">How long.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<Swapped> RunAsync(
        KubernetesApi api,
        JsonObject like,
        bool withHolders,
        string ns,
        int writers,
        TimeSpan length,
        CancellationToken cancellationToken
    )
    {
        var name = await CopyAsync(api, like, withHolders, ns, cancellationToken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (times, conflicts, began) = (new List<double>(), 0, Stopwatch.GetTimestamp());
        async Task WriteAsync()
        {
            var known = (await api.GetAsync(Ledgers, ns, name, cancellationToken))!;
            while (!over.IsCancellationRequested)
            {
                var asked = Stopwatch.GetTimestamp();
                // With others at work, what it wrote last is not what is there.
                if (writers > 1)
                    known = (await api.GetAsync(Ledgers, ns, name, cancellationToken))!;
                while (true)
                {
                    Book(known);
                    try
                    {
                        known = await api.SendAsync(
                            HttpMethod.Put,
                            Ledgers.Path(ns, name, "status"),
                            known,
                            "application/json",
                            cancellationToken
                        );
                        break;
                    }
                    catch (KubernetesApiException exception) when (exception.IsConflict)
                    {
                        Interlocked.Increment(ref conflicts);
                        if (over.IsCancellationRequested)
                            return;
                        known = (await api.GetAsync(Ledgers, ns, name, cancellationToken))!;
                    }
                }
                if (Stopwatch.GetElapsedTime(began) < Warm)
                    continue;
                lock (times)
                    times.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            }
        }
        over.CancelAfter(Warm + length);
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(WriteAsync, cancellationToken)));
        // A write of a large account may take longer than the round: who is at it finishes it.
        var seconds = (Stopwatch.GetElapsedTime(began) - Warm).TotalSeconds;
        await api.DeleteAsync(Ledgers, ns, name, null, cancellationToken);
        return new Swapped(times.Count / seconds, times, (double)conflicts / Math.Max(1, times.Count));
    }

    private static async Task<string> CopyAsync(
        KubernetesApi api,
        JsonObject like,
        bool withHolders,
        string ns,
        CancellationToken cancellationToken
    )
    {
        const string name = "account";
        var made = await api.CreateAsync(
            Ledgers,
            ns,
            new JsonObject
            {
                ["apiVersion"] = Ledgers.ApiVersion,
                ["kind"] = Ledgers.Kind,
                ["metadata"] = new JsonObject { ["name"] = name },
                // Nobody's, so that the operator has nothing to do with it.
                ["spec"] = new JsonObject
                {
                    ["namespace"] = ns,
                    ["agent"] = name,
                    ["account"] = nameof(LedgerAccount.Serving),
                },
            },
            cancellationToken
        );
        var status = (JsonObject)like["status"]!.DeepClone();
        if (!withHolders)
            status["holders"] = new JsonArray();
        made["status"] = status;
        await api.SendAsync(HttpMethod.Put, Ledgers.Path(ns, name, "status"), made, "application/json", cancellationToken);
        return name;
    }

    private static void Book(JsonObject ledger)
    {
        var limit = ledger.Items("status", "limits").First();
        var settled = Amount.TryParse(limit.Text("settled"), out var before) ? before : Amount.Zero;
        limit["settled"] = (settled + Call.Cost).ToString();
    }
}
