using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentReadiness.Contracts.Chaos;

namespace AgentReadiness.Evals.Readers;

/// <summary>One measurement of one case, as a tool wrote it.</summary>
/// <param name="Id">Of the case; any length.</param>
/// <param name="Outcome">Of this measurement.</param>
/// <param name="Score">0 to 1; not looked at where nothing was measured.</param>
internal readonly record struct Measurement(string Id, CaseOutcome Outcome, double Score)
{
    public IReadOnlyCollection<string>? Tags { get; init; }

    /// <summary>In USD.</summary>
    public decimal? Cost { get; init; }

    public double? CostUsd
    {
        init => Cost = Usd(value);
    }

    /// <summary>Calls of models that another upstream answered.</summary>
    public double? Fallbacks { get; init; }

    /// <summary>Of the case; the same in each repeat. 1e-6 to 1e6, 1 where null.</summary>
    public double? Weight { get; init; }

    public double? LatencySeconds { get; init; }

    /// <summary>Faults that were made on purpose and that it met.</summary>
    public IReadOnlyCollection<string>? Faults { get; init; }

    public string? Fault { get; init; }

    /// <summary>How many repeats were measured and are taken together here.</summary>
    public int Repeats { get; init; } = Outcome is CaseOutcome.Passed or CaseOutcome.Failed ? 1 : 0;

    /// <summary>An amount; null where it cannot be one.</summary>
    public static decimal? Usd(double? amount) => amount is >= 0 and < 1e9 ? (decimal)amount : null;

    /// <summary>Pass or fail, worth 1 or 0.</summary>
    public static Measurement Of(string id, CaseOutcome outcome) => new(id, outcome, outcome == CaseOutcome.Passed ? 1 : 0);
}

/// <summary>Gathers measurements into cases, and holds a file to its bounds.</summary>
internal sealed class CaseCollector
{
    private const int MaxId = 512;
    private const int MaxTag = 256;
    private const int MaxTags = 64;
    private const int MaxFault = 256;
    private const int MaxMeasurements = 1_000_000;
    private const long MaxFallbacks = 1_000_000_000;
    private const decimal MaxCost = 1_000_000_000;

    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Measurements so far.</summary>
    public int Count { get; private set; }

    /// <summary>Cases so far.</summary>
    public int Cases => entries.Count;

    /// <summary>Takes a measurement; further ones of the same ID are repeats of the case.</summary>
    /// <exception cref="ResultsException">A bound is crossed, or the score is no score.</exception>
    public void Add(Measurement measured)
    {
        if (++Count > MaxMeasurements)
            throw ResultsException.Unreadable($"more than {MaxMeasurements} results");
        if (string.IsNullOrWhiteSpace(measured.Id))
            throw ResultsException.Unreadable($"result {Count} has no ID");
        var id = Shorten(measured.Id);
        if (!entries.TryGetValue(id, out var entry))
        {
            if (entries.Count == ResultsReader.MaxCases)
                throw ResultsException.Unreadable($"more than {ResultsReader.MaxCases} cases");
            entries.Add(id, entry = new Entry());
        }
        entry.Add(id, measured);
    }

    /// <summary>The cases, sorted by ID.</summary>
    public IReadOnlyList<MeasuredCase> ToCases() =>
        [.. entries.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value.ToCase(pair.Key))];

    /// <summary>A long ID keeps its start, for people, and gets a digest, so that two of them stay two.</summary>
    private static string Shorten(string id)
    {
        if (id.Length <= MaxId)
            return id;
        var keep = char.IsHighSurrogate(id[MaxId - 66]) ? MaxId - 66 : MaxId - 65;
        return id[..keep] + "~" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
    }

    private sealed class Entry
    {
        private readonly List<double> scores = [];
        private int results;
        private bool several;
        private int repeats;
        private bool failed;
        private bool errored;
        private double? weight;
        private SortedSet<string>? tags;
        private SortedSet<string>? faults;
        private decimal? cost;
        private long? fallbacks;
        private TimeSpan? latency;
        private string? fault;
        private string? omission;

        public void Add(string id, Measurement measured)
        {
            // Otherwise a result could say that it stands for a million repeats, and so outweigh those that failed.
            results++;
            several |= measured.Repeats > 1;
            if (several && results > 1)
                throw ResultsException.Disagree(
                    $"case {id}: one of its results stands for several \"repeats\", and there are others; "
                        + "give one for each repeat, or one for all"
                );
            repeats += measured.Repeats;
            var counts = measured.Weight ?? 1;
            if (counts is not (>= 1e-6 and <= 1e6))
                throw new ResultsException(
                    EvalReasons.ScoreInvalid,
                    Invariant($"case {id}: the weight {counts} is not between 0.000001 and 1000000")
                );
            if (weight is { } other && other != counts)
                throw ResultsException.Disagree(
                    Invariant($"case {id}: its repeats have the weights {Math.Min(other, counts)} and {Math.Max(other, counts)}")
                );
            weight = counts;
            switch (measured.Outcome)
            {
                case CaseOutcome.Passed or CaseOutcome.Failed:
                    // Not "out of range": a NaN is not in any.
                    if (measured.Score is not (>= 0 and <= 1))
                        throw new ResultsException(
                            EvalReasons.ScoreInvalid,
                            Invariant($"case {id}: the score {measured.Score} is not between 0 and 1")
                        );
                    // The verdict is over scores: such a failure would raise it, and such a pass would hide behind it.
                    if (measured.Score == (measured.Outcome == CaseOutcome.Failed ? 1 : 0))
                    {
                        Err(Invariant($"it {(measured.Score == 1 ? "failed" : "passed")}, and its score is {measured.Score}"));
                        break;
                    }
                    scores.Add(measured.Score);
                    failed |= measured.Outcome == CaseOutcome.Failed;
                    break;
                case CaseOutcome.Errored:
                    Err(measured.Fault ?? "no result");
                    break;
                default:
                    // The smallest here, too.
                    if (measured.Fault is { } why && Cut(why) is var cut && (omission is null || string.CompareOrdinal(cut, omission) < 0))
                        omission = cut;
                    break;
            }
            foreach (var tag in (measured.Tags ?? []).Where(tag => tag.Length > 0))
            {
                if (tag.Length > MaxTag)
                    throw ResultsException.Unreadable($"case {id}: a tag of more than {MaxTag} characters");
                (tags ??= new SortedSet<string>(StringComparer.Ordinal)).Add(tag);
                if (tags.Count > MaxTags)
                    throw ResultsException.Unreadable($"case {id}: more than {MaxTags} tags");
            }
            // What is not listed is none; the smallest stay, as the order of the file must change nothing.
            foreach (var met in (measured.Faults ?? []).Where(ChaosHeaders.IsWord))
            {
                (faults ??= new SortedSet<string>(StringComparer.Ordinal)).Add(met);
                if (faults.Count > ChaosHeaders.MostMet)
                    faults.Remove(faults.Max!);
            }
            // What cannot be is left out: neither decides anything.
            // Twelve places: so sums are exact, whatever their order.
            if (measured.Cost is >= 0 and < MaxCost)
                cost = (cost ?? 0) + Math.Round(measured.Cost.Value, 12);
            if (measured.Fallbacks is >= 0 and <= MaxFallbacks and { } used && used == Math.Floor(used))
                fallbacks = Math.Min(MaxFallbacks, (fallbacks ?? 0) + (long)used);
            // Rounded and not cut: what was written as 0.3 µs is read as that.
            if (
                measured.LatencySeconds is >= 0 and < 1e8
                && TimeSpan.FromTicks((long)Math.Round(measured.LatencySeconds.Value * TimeSpan.TicksPerSecond)) is var time
                && (latency is null || time > latency)
            )
            {
                latency = time;
            }
        }

        public MeasuredCase ToCase(string id)
        {
            var outcome =
                errored ? CaseOutcome.Errored
                : scores.Count == 0 ? CaseOutcome.Skipped
                : failed ? CaseOutcome.Failed
                : CaseOutcome.Passed;
            // Sums of floating-point numbers depend on their order.
            scores.Sort();
            return new MeasuredCase
            {
                Id = id,
                Outcome = outcome,
                // A mean of very many could be rounded to 1 although one of them is less.
                Score =
                    errored ? 0
                    : failed ? Math.Min(Mean(), Math.BitDecrement(1.0))
                    : Mean(),
                Repeats = repeats,
                Weight = weight ?? 1,
                Tags = tags is null ? [] : [.. tags],
                Faults = faults is null ? [] : [.. faults],
                Cost = cost < MaxCost ? cost : null,
                Fallbacks = fallbacks,
                Latency = latency,
                Fault = outcome == CaseOutcome.Skipped ? omission : fault,
            };
        }

        private double Mean() =>
            scores.Count switch
            {
                0 => 0,
                1 => scores[0],
                _ => scores.Sum() / scores.Count,
            };

        private void Err(string why)
        {
            errored = true;
            // The smallest and not the first: the order of the file must change nothing.
            var text = Cut(why);
            fault = fault is null || string.CompareOrdinal(text, fault) < 0 ? text : fault;
        }

        private static string Cut(string text) =>
            text.Length <= MaxFault ? text : text[..(char.IsHighSurrogate(text[MaxFault - 2]) ? MaxFault - 2 : MaxFault - 1)] + "…";

        private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
