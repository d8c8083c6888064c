using System.Diagnostics;
using AgentReadiness.Runtime;

namespace AgentReadiness.BenchBudgets;

/// <summary>What the API server counted, and what the kernel says of the operator, since the one or the other began.</summary>
/// <param name="At">When.</param>
/// <param name="LedgerWrites">BudgetLedgers written.</param>
/// <param name="Conflicts">Writes of BudgetLedgers that lost their race.</param>
/// <param name="Reviews">TokenReviews.</param>
/// <param name="OtherWrites">Writes of anything else but Leases.</param>
/// <param name="Cpu">The operator's CPU, seconds.</param>
/// <param name="Resident">The operator's VmRSS, MB.</param>
internal sealed record Look(long At, double LedgerWrites, double Conflicts, double Reviews, double OtherWrites, double Cpu, double Resident)
{
    /// <summary>What came since an earlier look; memory as it is now.</summary>
    public (double Seconds, Look Grown) Since(Look before) =>
        (
            Stopwatch.GetElapsedTime(before.At, At).TotalSeconds,
            new Look(
                At,
                LedgerWrites - before.LedgerWrites,
                Conflicts - before.Conflicts,
                Reviews - before.Reviews,
                OtherWrites - before.OtherWrites,
                Cpu - before.Cpu,
                Resident
            )
        );
}

/// <summary>Witnesses that are not the operator: the API server's own apiserver_request_total, and /proc.</summary>
internal sealed class Counters(KubernetesApi api, int process)
{
    private static readonly string[] Writing = ["POST", "PUT", "PATCH", "DELETE"];

    /// <summary>Looks.</summary>
    public async Task<Look> LookAsync(CancellationToken cancellationToken)
    {
        using var response = await api.OpenAsync(HttpMethod.Get, "/metrics", null, null, cancellationToken);
        var (ledgers, conflicts, reviews, others) = (0.0, 0.0, 0.0, 0.0);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (
                !line.StartsWith("apiserver_request_total{", StringComparison.Ordinal)
                || !Array.Exists(Writing, verb => Has(line, "verb", verb))
                || Has(line, "resource", "leases")
            )
                continue;
            var count = double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
            if (!Has(line, "resource", "budgetledgers"))
                (reviews, others) = Has(line, "resource", "tokenreviews") ? (reviews + count, others) : (reviews, others + count);
            else if (line.Contains("code=\"2", StringComparison.Ordinal))
                ledgers += count;
            else if (Has(line, "code", "409"))
                conflicts += count;
        }
        return new Look(
            Stopwatch.GetTimestamp(),
            ledgers,
            conflicts,
            reviews,
            others,
            ProcFigures.Cpu(process).TotalSeconds,
            ProcFigures.Memory(process, "VmRSS")
        );
    }

    private static bool Has(string line, string label, string value) => line.Contains($"{label}=\"{value}\"", StringComparison.Ordinal);
}
