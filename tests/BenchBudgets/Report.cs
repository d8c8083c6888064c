using AgentReadiness.BenchGuardrail;

namespace AgentReadiness.BenchBudgets;

/// <summary>How much is measured.</summary>
/// <param name="Sizes">Pods.</param>
/// <param name="Rounds">Rounds of saturation and reference.</param>
/// <param name="Measured">How long each of them is measured.</param>
/// <param name="Load">How long the paced load is measured.</param>
/// <param name="Rate">Its calls per second, over all pods.</param>
internal sealed record Plan(IReadOnlyList<int> Sizes, int Rounds, TimeSpan Measured, TimeSpan Load, int Rate)
{
    /// <summary>The namespace of the reference's object.</summary>
    public const string Reference = "reference";

    /// <summary>The paced load runs this long before it is measured.</summary>
    public static readonly TimeSpan Warm = TimeSpan.FromSeconds(10);

    /// <summary>What the paced load would spend in 30 hours: a cap a day that has some room.</summary>
    public string Cap => Math.Ceiling(Rate * Call.Cost.Cost.Amount * 108_000m).ToString(CultureInfo.InvariantCulture);
}

/// <summary>What the reference did in a round.</summary>
/// <param name="Same">Many writers, an account of the ledger's size.</param>
/// <param name="Small">Many writers, an account without lines of pods.</param>
/// <param name="Serial">One writer, an account of the ledger's size.</param>
internal sealed record Swaps(Swapped Same, Swapped Small, Swapped Serial);

/// <summary>The medians as the ledgers' part of docs/benchmarks.md. Nothing is asserted: a shared machine has slow minutes.</summary>
internal sealed class Report(Plan plan)
{
    private const int FewestForTail = 20;
    private readonly Figures figures = new();
    private readonly Dictionary<(int Size, string Key), string> texts = [];

    public void Begun(int size, IReadOnlyCollection<double> times) =>
        texts[(size, "first")] =
            $"{Number(Figures.At(times, 0.5))} / {Number(times.Count < FewestForTail ? null : Figures.At(times, 0.99))} / "
            + $"{Number(times.Max())}";

    public void Size(int size, int bytes) => Add(size, "bytes", bytes / 1024.0);

    public void Loaded(int size, Loaded loaded)
    {
        Add(size, "load.rate", loaded.Calls / loaded.Seconds);
        Add(size, "load.writes", PerThousand(loaded.Grown.LedgerWrites, loaded));
        Add(size, "load.conflicts", loaded.Grown.Conflicts);
        Add(size, "load.messages", PerThousand(loaded.Messages, loaded));
        Add(size, "load.reviews", loaded.Grown.Reviews * 60 / loaded.Seconds);
        Add(size, "load.others", loaded.Grown.OtherWrites * 60 / loaded.Seconds);
        Add(size, "load.cores", loaded.Grown.Cpu / loaded.Seconds);
        Add(size, "load.resident", loaded.Grown.Resident);
        Add(size, "load.refused", loaded.Refused);
        Add(size, "load.failures", loaded.Failures);
        texts[(size, "load.served")] = $"{Three(loaded.Served)} ({loaded.Served.Count:N0})";
        texts[(size, "load.asked")] = $"{Three(loaded.Asked)} ({loaded.Asked.Count:N0})";
        texts[(size, "load.held")] = string.Create(
            CultureInfo.InvariantCulture,
            $"${loaded.Held.Amount:0.00}, {loaded.Held.Amount / (decimal)(loaded.Calls / loaded.Seconds) / Call.Cost.Cost.Amount:0} s of "
                + $"its spend"
        );
    }

    public void Round(int size, Saturated alone, Saturated together, Swaps swaps)
    {
        foreach (var (key, one) in new[] { ("one", alone), ("shared", together) })
        {
            Add(size, $"{key}.rate", one.PerSecond);
            Add(size, $"{key}.p50", At(one.Times, 0.5));
            Add(size, $"{key}.p99", At(one.Times, 0.99));
            Add(size, $"{key}.writes", one.WritesPerSecond);
            Add(size, $"{key}.failed", one.Failed);
            Add(size, $"{key}.cores", one.Cores);
        }
        foreach (var (key, one) in new[] { ("same", swaps.Same), ("small", swaps.Small), ("serial", swaps.Serial) })
        {
            Add(size, $"{key}.rate", one.PerSecond);
            Add(size, $"{key}.p50", At(one.Times, 0.5));
            Add(size, $"{key}.p99", At(one.Times, 0.99));
            Add(size, $"{key}.conflicts", one.Conflicts);
        }
    }

    /// <summary>Progress: the paced load.</summary>
    public static string Line(int size, Loaded loaded) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{size} pods: {loaded.Calls} calls, {loaded.Refused} refused, {loaded.Grown.LedgerWrites} ledger writes "
                + $"({loaded.Grown.Conflicts} conflicts), {loaded.Grown.Reviews} token reviews, {loaded.Grown.OtherWrites} other writes, "
                + $"{loaded.Messages} messages ({loaded.Failures} failed), {loaded.Asked.Count} waited {Three(loaded.Asked)} ms, others "
                + $"{Three(loaded.Served)} µs, operator {loaded.Grown.Cpu / loaded.Seconds:0.00} cores, {loaded.Grown.Resident:0} MB"
        );

    /// <summary>Progress: a round.</summary>
    public static string Line(int size, int round, Saturated alone, Saturated together, Swaps swaps)
    {
        string Of(Saturated one) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{one.PerSecond:0} grants/s, {At(one.Times, 0.5):0} / {At(one.Times, 0.99):0} ms, {one.WritesPerSecond:0} writes/s, "
                    + $"{one.Held} held, {one.Failed} failed, {one.Cores:0.00} cores"
            );
        string Ref(Swapped one) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{one.PerSecond:0} calls/s, {At(one.Times, 0.5):0} / {At(one.Times, 0.99):0} ms, {one.Conflicts:0.0} conflicts a call"
            );
        return $"{size} pods, round {round}: {Of(alone)}; shared {Of(together)}; CAS {Ref(swaps.Same)}; small {Ref(swaps.Small)}; one "
            + $"writer {Ref(swaps.Serial)}";
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"""
            ## The ledgers

            Medians of {plan.Rounds} rounds, {plan.Measured.TotalSeconds:0} s a measurement; the load once, {plan.Load.TotalSeconds:0} s;
            {Environment.ProcessorCount} cores, {TimeProvider.System.GetUtcNow():yyyy-MM-dd}.

            | | {string.Join(" | ", plan.Sizes.Select(size => $"{size:N0} {(size == 1 ? "pod" : "pods")}"))} |
            | --- |{string.Concat(plan.Sizes.Select(_ => " --- |"))}

            """
        );
        void Row(string what, Func<int, string> cell) =>
            text.Append(CultureInfo.InvariantCulture, $"| {what} | {string.Join(" | ", plan.Sizes.Select(cell))} |\n");
        void Median(string what, string key) => Row(what, size => Number(Of(size, key)));
        void Pair(string what, string key) => Row(what, size => $"{Number(Of(size, $"{key}.p50"))} / {Number(Of(size, $"{key}.p99"))}");
        void Ratio(string what, string key, string by) => Row(what, size => $"{Number(Of(size, key) / Of(size, by))} ×");
        Median("one agent, saturated: grants per second", "one.rate");
        Pair("one agent, saturated: p50 / p99, ms", "one");
        Median("one agent, saturated: ledger writes per second", "one.writes");
        Median("agents on one shared budget, saturated: grants per second", "shared.rate");
        Pair("agents on one shared budget, saturated: p50 / p99, ms", "shared");
        Median("agents on one shared budget, saturated: ledger writes per second", "shared.writes");
        Median("reference, an account of the same size: calls per second", "same.rate");
        Pair("reference, an account of the same size: p50 / p99, ms", "same");
        Median("reference, an account of the same size: lost races per call", "same.conflicts");
        Median("reference, an account without pods: calls per second", "small.rate");
        Pair("reference, an account without pods: p50 / p99, ms", "small");
        Pair("one writer alone, an account of the same size: p50 / p99 of a write, ms", "serial");
        Ratio("grants of one agent by calls of the reference, same size", "one.rate", "same.rate");
        Ratio("grants of one agent by calls of the reference, without pods", "one.rate", "small.rate");
        Median("load: calls per second", "load.rate");
        Median("**load: ledger writes per 1,000 calls** (reference: 1,000 at least)", "load.writes");
        Median("load: messages to the operator per 1,000 calls", "load.messages");
        Row("load: money was there, p50 / p95 / p99, µs (calls)", size => texts.GetValueOrDefault((size, "load.served"), "–"));
        Row("load: the call waited for a grant, p50 / p95 / p99, ms (calls)", size => texts.GetValueOrDefault((size, "load.asked"), "–"));
        Row(
            $"first calls of pods, {Load.AtOnce} at a time: p50 / p99 / longest, ms",
            size => texts.GetValueOrDefault((size, "first"), "–")
        );
        Median("load: calls refused", "load.refused");
        Median("load: messages without an answer", "load.failures");
        Median("load: TokenReviews per minute", "load.reviews");
        Median("load: other writes per minute, Leases left out", "load.others");
        Median("load: the operator's CPU, cores", "load.cores");
        Median("load: the operator's memory, MB", "load.resident");
        Median("load: the ledger, KB", "bytes");
        Row("load: held by all pods at its end", size => texts.GetValueOrDefault((size, "load.held"), "–"));
        text.Append(
            CultureInfo.InvariantCulture,
            $"""

            How it is measured:

            - One operator, the published program, with a real kube-apiserver 1.20 and etcd. Each pod is a Pod object with the labels of the
              operator's own Deployment and a token bound to it, and has the guardrail's own classes: configuration and token in files,
              journal, account, a TLS connection of its own. All of it runs on the same cores, so the pods' side costs throughput too.
            - Saturated: each pod asks as soon as it is answered, spends one call and gives the rest back, so each request needs a grant.
              "Shared": 10 agents whose AgentBudget must lend first; their ledgers are written too.
            - Reference: each call is one compare-and-swap of a BudgetLedger's status, by as many writers as pods,
              {CompareAndSwap.MostWriters} at most; who loses the race reads again and repeats. The object is a copy of the agent's ledger,
              or one without lines of pods. Rounds take turns.
            - Load: {plan.Rate} calls per second in all, each of a pod that chance picks, ${Call.Cost.Cost} each, ${Call.Bound.Cost}
              reserved, {Call.Duration.TotalMilliseconds:0} ms in flight, under a cap of ${plan.Cap} a day, 30 hours of this load. It runs
              {Plan.Warm.TotalSeconds:0} s before it is measured. Writes are what the API server counted (`apiserver_request_total`).
            - A quantile of fewer than {FewestForTail} calls is not given (–).

            """
        );
        return text.ToString();
    }

    private void Add(int size, string key, double? value) => figures.Add(size.ToString(CultureInfo.InvariantCulture), key, value);

    private double? Of(int size, string key) => figures.Median(size.ToString(CultureInfo.InvariantCulture), key);

    private static double PerThousand(double count, Loaded loaded) => count * 1000 / Math.Max(1, loaded.Calls);

    private static double? At(IReadOnlyCollection<double> times, double share) => times.Count == 0 ? null : Figures.At(times, share);

    private static string Three(IReadOnlyCollection<double> times) =>
        $"{Number(At(times, 0.5))} / {Number(times.Count < FewestForTail ? null : At(times, 0.95))} / "
        + $"{Number(times.Count < FewestForTail ? null : At(times, 0.99))}";

    private static string Number(double? value) =>
        value switch
        {
            null => "–",
            0 => "0",
            _ when !double.IsFinite(value.Value) => "–",
            < 10 and > -10 => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
            < 100 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
            _ => value.Value.ToString("#,0", CultureInfo.InvariantCulture),
        };
}
